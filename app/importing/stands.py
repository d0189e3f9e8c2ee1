"""Who stands for an import: what it writes counts at once, so two people answer for it."""

from dataclasses import dataclass

from app.core.ids import UserId, VolunteerId


@dataclass(frozen=True, slots=True, kw_only=True)
class Stand:
    """Who stands for an import: one enters, another verifies."""

    entered_by: UserId
    verified_by: UserId
    verifier_is: VolunteerId | None = None
    relatives: frozenset[VolunteerId] = frozenset()
