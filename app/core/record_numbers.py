"""Numbers that other systems gave service records, and what comes along with a record that no decision looks at."""

from dataclasses import dataclass
from typing import NamedTuple

from app.core.check_ins import CheckIn
from app.core.minors import Guardian

EXTERNAL_NO_MAX = 64
SOURCE_MAX = 32


class RecordNumber(NamedTuple):
    """The number of a record in the system it comes from: one record for one number, however often it is sent."""

    source: str
    external_no: str


@dataclass(frozen=True, slots=True)
class ImportItems:
    """The items of order 67 (Art. 7) that no decision of the ledger depends on; empty where nobody said."""

    activity: str
    place: str = ""
    content: str = ""
    in_charge: str = ""
    """A reference (`usr_…`, `vol_…`), never a name."""
    check_ins: tuple[CheckIn, ...] = ()
    guardian: Guardian = Guardian.NONE
    hazardous: bool = False
