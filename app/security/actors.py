"""Actors: who stands behind a call, in which programme, with which scopes."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from uuid import UUID

from app.core.ids import MerchantId, ProgrammeId, TeamId, VolunteerId, format_id
from app.security.scopes import Scope


class ActorKind(StrEnum):
    """The kinds of actor."""

    ADMIN = "admin"
    AUDITOR = "auditor"
    ORGANISER = "organiser"
    MERCHANT_STAFF = "merchant_staff"
    TERMINAL = "terminal"
    VOLUNTEER = "volunteer"
    SYSTEM = "system"


class StaffRole(StrEnum):
    """What a member of a merchant's staff is there for."""

    MANAGER = "manager"
    CASHIER = "cashier"
    ACCOUNTANT = "accountant"


_OWN = frozenset((Scope.ME_READ, Scope.ME_PAY, Scope.ME_ORDER, Scope.ME_OBJECT))
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
        )
    ),
    StaffRole.CASHIER: frozenset((Scope.MERCHANTS_READ, Scope.OFFERS_READ)),
    StaffRole.ACCOUNTANT: frozenset((Scope.MERCHANTS_READ, Scope.OFFERS_READ, Scope.BILLS_READ)),
}
ROLE_SCOPES: Mapping[StaffRole, frozenset[Scope]] = MappingProxyType(_ROLES)
"""What each role may do at its own merchant, and nowhere else."""

_SCOPES = {
    ActorKind.ADMIN: frozenset(Scope) - _OWN - {Scope.POS_REDEEM},
    ActorKind.AUDITOR: _READS,
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
        )
    ),
    ActorKind.MERCHANT_STAFF: frozenset().union(*_ROLES.values()),
    ActorKind.TERMINAL: frozenset((Scope.POS_REDEEM,)),
    ActorKind.VOLUNTEER: _OWN,
    ActorKind.SYSTEM: frozenset(),
}
DEFAULT_SCOPES: Mapping[ActorKind, frozenset[Scope]] = MappingProxyType(_SCOPES)
"""What each kind of actor may do. A token may hold fewer, never more."""

_PREFIX = {ActorKind.TERMINAL: "ter", ActorKind.VOLUNTEER: "vol"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Someone who calls: a user, a volunteer, a terminal, or the system itself."""

    kind: ActorKind
    programme: ProgrammeId
    subject: UUID
    scopes: frozenset[Scope]
    merchant: MerchantId | None = None
    team: TeamId | None = None
    volunteer: VolunteerId | None = None
    region: str | None = None
    """An organiser's region: nothing outside of it is theirs."""

    def sees(self, merchant: MerchantId) -> bool:
        """Whether the actor may know of a merchant: its staff know of no other than their own."""
        return self.kind is not ActorKind.MERCHANT_STAFF or self.merchant == merchant

    @property
    def reference(self) -> str:
        """How journal and audit trail name the actor: an id, never a name."""
        if self.kind is ActorKind.SYSTEM:
            return "system"
        return format_id(_PREFIX.get(self.kind, "usr"), self.subject)
