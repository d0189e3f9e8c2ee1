"""Pay codes: 18 digits that let one till take points once, within a minute.

Only the keyed hash of a code is known here. Issuing one is a command because a code is a limited quantity.
"""

from dataclasses import dataclass
from datetime import timedelta

from app.core.book import Accepted, Book, Decision, Needs
from app.core.canonical import format_instant
from app.core.codes import Code, Rejected
from app.core.family import refuse_member
from app.core.family_links import FamilyKey
from app.core.ids import VolunteerId
from app.core.quantities import Instant
from app.core.rows import PayCode, PayCodeHash
from app.core.volunteers import VolunteerStatus

LIFETIME = timedelta(seconds=60)


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuePayCode:
    """A volunteer asks for a code to show at a till; a member of the family, for one that spends the volunteer's."""

    code: PayCodeHash
    volunteer: VolunteerId
    member: VolunteerId | None = None

    def needs(self) -> Needs:
        """What must be in the book before this can be decided."""
        if self.member is None:
            return Needs(volunteers=frozenset((self.volunteer,)), pay_codes=frozenset((self.code,)))
        return Needs(
            volunteers=frozenset((self.volunteer, self.member)),
            pay_codes=frozenset((self.code,)),
            family=frozenset((FamilyKey(self.volunteer, self.member),)),
        )


def decide_issue_pay_code(command: IssuePayCode, book: Book, at: Instant) -> Decision:
    """Decide whether a volunteer gets a pay code: an active one does, for a minute."""
    if command.member and (refusal := refuse_member(command.volunteer, command.member, book, at)):
        return refusal
    volunteer = book.volunteers[command.volunteer]
    if volunteer is None:
        return Rejected(Code.NOT_FOUND)
    if volunteer.status is not VolunteerStatus.ACTIVE:
        return Rejected(Code.ACCOUNT_FROZEN)
    if book.pay_codes[command.code] is not None:
        return Rejected(Code.SYSTEM_BUSY)
    expires_at = at + LIFETIME
    return Accepted(
        rows=(PayCode(command.code, command.volunteer, expires_at, member=command.member),),
        answer={"expires_at": format_instant(expires_at)},
    )


def refuse_pay_code(code: PayCode, at: Instant) -> Code | None:
    """Why a code cannot pay now; None when it can."""
    if code.used_by is not None:
        return Code.CODE_USED
    return Code.CODE_EXPIRED if at >= code.expires_at else None
