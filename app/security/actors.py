"""Actors: who stands behind a call, in which programme, with which scopes."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from uuid import UUID

from app.core.ids import MerchantId, ProgrammeId, SessionId, TeamId, VolunteerId, format_id
from app.security.scopes import Scope


class ActorKind(StrEnum):
    """The kinds of actor."""

    ADMIN = "admin"
    AUDITOR = "auditor"
    ORGANISER = "organiser"
    MERCHANT_STAFF = "merchant_staff"
    TERMINAL = "terminal"
    VOLUNTEER = "volunteer"
    SYSTEM_CLIENT = "client"
    SYSTEM = "system"


class StaffRole(StrEnum):
    """What a member of a merchant's staff is there for."""

    MANAGER = "manager"
    CASHIER = "cashier"
    ACCOUNTANT = "accountant"


_OWN = frozenset(
    (
        Scope.ME_READ,
        Scope.ME_PAY,
        Scope.ME_ORDER,
        Scope.ME_OBJECT,
        Scope.ME_GUARD,
        Scope.ME_DATA,
        Scope.ME_APPLY,
        Scope.ME_CLAIM,
    )
)
_READS = frozenset(scope for scope in Scope if scope.value.endswith(":read") and scope not in _OWN)

_ROLES = {
    StaffRole.MANAGER: frozenset(
        (
            Scope.MERCHANTS_READ,
            Scope.MERCHANTS_APPLY,
            Scope.STAFF_READ,
            Scope.STAFF_WRITE,
            Scope.STORES_WRITE,
            Scope.TERMINALS_WRITE,
            Scope.OFFERS_READ,
            Scope.OFFERS_WRITE,
            Scope.BILLS_READ,
            Scope.LOGIN_OWN,
        )
    ),
    StaffRole.CASHIER: frozenset((Scope.MERCHANTS_READ, Scope.OFFERS_READ, Scope.LOGIN_OWN)),
    StaffRole.ACCOUNTANT: frozenset((Scope.MERCHANTS_READ, Scope.OFFERS_READ, Scope.BILLS_READ, Scope.LOGIN_OWN)),
}
ROLE_SCOPES: Mapping[StaffRole, frozenset[Scope]] = MappingProxyType(_ROLES)
"""What each role may do at its own merchant, and nowhere else."""

_SCOPES = {
    ActorKind.ADMIN: frozenset(Scope) - _OWN - {Scope.POS_REDEEM, Scope.PREDICATES_VERIFY},
    ActorKind.AUDITOR: _READS | {Scope.LOGIN_OWN},
    ActorKind.ORGANISER: frozenset(
        (
            Scope.REGIONS_READ,
            Scope.TEAMS_READ,
            Scope.VOLUNTEERS_READ,
            Scope.VOLUNTEERS_WRITE,
            Scope.RECORDS_READ,
            Scope.RECORDS_CREATE,
            Scope.RECORDS_VERIFY,
            Scope.RECORDS_OBJECT,
            Scope.CORRECTIONS_WRITE,
            Scope.POLICIES_READ,
            Scope.HONOURS_READ,
            Scope.PENALTIES_READ,
            Scope.PENALTIES_WRITE,
            Scope.BENEFITS_READ,
            Scope.APPLICATIONS_READ,
            Scope.APPLICATIONS_ENTER,
            Scope.APPLICATIONS_REVIEW,
            Scope.ROUNDS_READ,
            Scope.DOORS_SCAN,
            Scope.VOLUNTEERS_BIND,
            Scope.GUARDIANS_READ,
            Scope.GUARDIANS_CONFIRM,
            Scope.LOGIN_OWN,
        )
    ),
    ActorKind.MERCHANT_STAFF: frozenset().union(*_ROLES.values()),
    ActorKind.TERMINAL: frozenset((Scope.POS_REDEEM,)),
    ActorKind.VOLUNTEER: _OWN | {Scope.LOGIN_OWN},
    ActorKind.SYSTEM_CLIENT: frozenset(
        (
            Scope.REGIONS_READ,
            Scope.TEAMS_READ,
            Scope.EVENTS_READ,
            Scope.LEDGER_READ,
            Scope.VOLUNTEER_TOKENS_ISSUE,
            Scope.PREDICATES_VERIFY,
        )
    ),
    ActorKind.SYSTEM: frozenset(),
}
DEFAULT_SCOPES: Mapping[ActorKind, frozenset[Scope]] = MappingProxyType(_SCOPES)
"""What each kind of actor may do. A token may hold fewer, never more."""

GUARDIAN_SCOPES = frozenset((Scope.ME_READ, Scope.ME_OBJECT, Scope.ME_DATA, Scope.ME_APPLY, Scope.ME_CLAIM))
"""What a guardian may do as the child: see, object, apply, claim places, decide on its data.

Points are spent in one's own name.
"""

_PREFIX = {ActorKind.TERMINAL: "ter", ActorKind.VOLUNTEER: "vol", ActorKind.SYSTEM_CLIENT: "cli"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Someone who calls: a user, a volunteer, a terminal, another system, or the system itself."""

    kind: ActorKind
    programme: ProgrammeId
    subject: UUID
    scopes: frozenset[Scope]
    merchant: MerchantId | None = None
    team: TeamId | None = None
    volunteer: VolunteerId | None = None
    region: str | None = None
    """An organiser's region: nothing outside of it is theirs."""
    session: SessionId | None = None
    """The log-in behind it: when that ends, so does what was given out for it."""
    acting: VolunteerId | None = None
    """The guardian who acts, where the volunteer is a child (RFC 8693 `act`)."""

    def sees(self, merchant: MerchantId) -> bool:
        """Whether the actor may know of a merchant: its staff know of no other than their own."""
        return self.kind is not ActorKind.MERCHANT_STAFF or self.merchant == merchant

    @property
    def reference(self) -> str:
        """How journal and audit trail name the actor: an id, never a name."""
        if self.kind is ActorKind.SYSTEM:
            return "system"
        return format_id(_PREFIX.get(self.kind, "usr"), self.subject)

    @property
    def hand(self) -> str:
        """Who did it, for the audit trail: the reference, with the guardian before the child."""
        return f"{format_id('vol', self.acting)}/{self.reference}" if self.acting else self.reference
