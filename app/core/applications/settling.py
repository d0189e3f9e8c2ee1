"""What is left to do in the ledger for an application, and what its answer means for it.

People approve; the ledger decides about quota, place and hours (`ApproveGrant`), and it follows when an application
ends (`RevokeGrant`). Between the two an application is `waiting` and unsettled, whatever crashes.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from app.core.applications.model import Application
from app.core.applications.states import ApplicationEvent, ApplicationState
from app.core.codes import Code, Rejected
from app.core.grants import ApproveGrant
from app.core.ids import ApplicationId
from app.core.quantities import Instant
from app.core.revocations import RevokeGrant


class GrantStand(StrEnum):
    """Where a grant stands in the ledger."""

    NONE = "none"
    WAITING = "waiting"
    GRANTED = "granted"
    REVOKED = "revoked"
    """For cause: it has ended, and what it used up stays used."""
    ENDED = "ended"


class Outcome(StrEnum):
    """What has come of a settling."""

    OPEN = "open"
    GRANTED = "granted"
    REFUSED = "refused"
    CLOSED = "closed"
    """Nothing is left in the ledger."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settling:
    """What to send for an application, and what came of it."""

    application: ApplicationId
    key: str
    command: ApproveGrant | RevokeGrant | None = None
    outcome: Outcome = Outcome.OPEN
    reason: str = ""
    valid_until: Instant | None = None


def outcome_of(application: Application, stand: GrantStand) -> Outcome:
    """What the ledger says already, without anything being sent."""
    waits = application.state is ApplicationState.WAITING
    match stand:
        case GrantStand.GRANTED:
            return Outcome.GRANTED if waits else Outcome.OPEN
        case GrantStand.REVOKED if application.state is ApplicationState.ANNULLED:
            return Outcome.OPEN
        case GrantStand.ENDED | GrantStand.REVOKED:
            return Outcome.REFUSED if waits else Outcome.CLOSED
        case GrantStand.WAITING:
            return Outcome.OPEN
        case GrantStand.NONE:
            return Outcome.OPEN if waits else Outcome.CLOSED


def answered(settling: Settling, answer: Mapping[str, object] | Rejected) -> Settling:
    """What the ledger's answer to a command means."""
    match settling.command, answer:
        case ApproveGrant(), Rejected():
            return replace(settling, outcome=Outcome.REFUSED, reason=answer.code.value)
        case ApproveGrant(), _:
            granted = isinstance(answer, Mapping) and answer.get("state") == "granted"
            return replace(settling, outcome=Outcome.GRANTED if granted else Outcome.OPEN)
        case RevokeGrant(), Rejected(code=Code.STATE_CONFLICT | Code.NOT_FOUND):
            return replace(settling, outcome=Outcome.CLOSED)
        case RevokeGrant(), Rejected():
            return settling
        case RevokeGrant(), _:
            return replace(settling, outcome=Outcome.CLOSED)
        case _:
            return settling


def approvals_of(application: Application) -> int:
    """How often it was approved: each approval is sent once."""
    return sum(acted.event is ApplicationEvent.APPROVE for acted in application.acted)
