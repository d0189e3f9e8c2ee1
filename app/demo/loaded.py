"""What the demo knows of a city that it has loaded."""

from dataclasses import dataclass, field

from app.core.ids import MerchantId, ProgrammeId, StoreId, TerminalId, UserId, VolunteerId


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadedTerminal:
    """A till of the demo, with its secret."""

    terminal: TerminalId
    secret: str
    merchant: MerchantId
    store: StoreId


@dataclass(slots=True, kw_only=True)
class LoadedCity:
    """What the demo knows of the city it has loaded."""

    programme: ProgrammeId
    admin: UserId
    auditor: UserId
    organiser: UserId
    passwords: dict[str, str]
    terminals: list[LoadedTerminal] = field(default_factory=list)
    volunteers: list[VolunteerId] = field(default_factory=list)
    records: int = 0
