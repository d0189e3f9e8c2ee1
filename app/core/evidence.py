"""Evidence (依据): who may say how hours are known. Only what a system checked in earns points (DOMAIN.md 0.2, 1.6)."""

from enum import StrEnum

from app.core.rows import Evidence


class EvidenceFault(StrEnum):
    """Why hours cannot be entered under this evidence."""

    ADMINISTRATOR = "an administrator's back-entry is attested"
    NOT_ADMINISTRATOR = "only an administrator imports"
    NO_PAIRS = "checked-in hours need their check-ins"
    PAIRS = "only checked-in hours have check-ins"


def evidence_fault(evidence: Evidence, *, administrator: bool, pairs: int) -> EvidenceFault | None:
    """The first thing wrong with an evidence, by who enters it and how many check-ins come along."""
    if administrator and evidence is Evidence.CHECKED_IN:
        return EvidenceFault.ADMINISTRATOR
    if not administrator and evidence is Evidence.IMPORTED:
        return EvidenceFault.NOT_ADMINISTRATOR
    if evidence is Evidence.CHECKED_IN:
        return None if pairs else EvidenceFault.NO_PAIRS
    return EvidenceFault.PAIRS if pairs else None
