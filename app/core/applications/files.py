"""Files (材料原件) of an application: which are taken, when, and how long they are kept.

Scans and photos as they come from a phone, whatever a camera has written into them: they are read by the applicant
and by reviewers, and go to nobody else. One file for each paper that the benefit asks for; another takes its place.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from types import MappingProxyType

from app.core.applications.material import asked_of_applicant
from app.core.applications.states import ApplicationState
from app.core.benefits.model import Benefit
from app.core.codes import Code, Rejected
from app.core.quantities import Instant

FILE_BYTES_MAX = 5 * 1024 * 1024
FILES_MAX = 10
"""Files an application can come with."""

S = ApplicationState
TAKING = frozenset((S.DRAFT, S.MATERIAL_REQUESTED))
"""The states in which an application takes files: before it is submitted, and when something was missing."""

_SHORT = timedelta(days=90)
_LONG = timedelta(days=3 * 366)
KEPT: Mapping[ApplicationState, timedelta] = MappingProxyType(
    {
        S.DRAFT: _SHORT,
        S.WITHDRAWN: _SHORT,
        S.EXPIRED: _SHORT,
        S.REJECTED: _SHORT,
        S.DECLINED_BY_AUTHORITY: _SHORT,
        S.ACCEPTED_BY_AUTHORITY: _LONG,
        S.FULFILLED: _LONG,
        S.REVOKED: _LONG,
        S.ANNULLED: _LONG,
    }
)
"""How long files are kept once nothing is to be decided any more (PIPL Art. 19, 47: no longer than the purpose needs).

Ninety days outlast the sixty in which a rejection can be appealed; three years are what the law asks of records
about whom a benefit was given (网络数据安全管理条例 Art. 12; DOMAIN.md 4.1). An open case keeps its files.
"""


class MediaType(StrEnum):
    """What a file may be."""

    JPEG = "image/jpeg"
    PNG = "image/png"
    PDF = "application/pdf"


_MAGIC = ((b"\xff\xd8\xff", MediaType.JPEG), (b"\x89PNG\r\n\x1a\n", MediaType.PNG), (b"%PDF-", MediaType.PDF))


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptFile:
    """A file as it is told of: which paper, what kind, how large, and the hash of what was uploaded."""

    code: str
    media_type: MediaType
    size: int
    sha256: str
    uploaded_at: Instant


def recognise(content: bytes) -> MediaType | None:
    """What a file is, by how it begins; whatever else it is called is not believed."""
    return next((kind for magic, kind in _MAGIC if content.startswith(magic)), None)


def refuse_content(content: bytes, said: str) -> MediaType | Rejected:
    """What a body is, or why it is not taken: BODY_TOO_LARGE, FILE_TYPE_REFUSED unless it is what it says."""
    if len(content) > FILE_BYTES_MAX:
        return Rejected(Code.BODY_TOO_LARGE, {"bytes_max": FILE_BYTES_MAX})
    found = recognise(content)
    if found is None or found.value != said:
        return Rejected(Code.FILE_TYPE_REFUSED)
    return found


def refuse_file(benefit: Benefit, state: ApplicationState, code: str, kept: Collection[str]) -> Rejected | None:
    """Why a file may not be put to an application: its state, a paper nobody asked for, too many. In this order."""
    if state not in TAKING:
        return Rejected(Code.STATE_CONFLICT, {"state": state.value})
    if code not in {evidence.code for evidence in asked_of_applicant(benefit)}:
        return Rejected(Code.PARAM_ERROR, {"material": code, "why": "not-asked-for"})
    if code not in kept and len(kept) >= FILES_MAX:
        return Rejected(Code.TOO_MANY_FILES, {"files_max": FILES_MAX})
    return None
