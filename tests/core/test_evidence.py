"""Evidence: who may say how hours are known, and what becomes points (case 16; DOMAIN.md 0.2, 1.6)."""

from itertools import product

import pytest

from app.core.evidence import EvidenceFault, evidence_fault
from app.core.rows import Evidence

RIGHT = {
    ("checked-in", False, True),
    ("attested", False, False),
    ("attested", True, False),
    ("imported", True, False),
}


@pytest.mark.parametrize("evidence, administrator, pairs", list(product(Evidence, (False, True), (0, 1, 3))))
def test_every_evidence_by_everybody(evidence: Evidence, *, administrator: bool, pairs: int) -> None:
    """Check-ins make checked-in hours and no others; administrators back-enter as attested; only they import."""
    fault = evidence_fault(evidence, administrator=administrator, pairs=pairs)
    assert (fault is None) == ((evidence.value, administrator, pairs > 0) in RIGHT)


def test_the_first_fault_is_told() -> None:
    """Who may not comes before what is missing."""
    assert evidence_fault(Evidence.CHECKED_IN, administrator=True, pairs=0) is EvidenceFault.ADMINISTRATOR
    assert evidence_fault(Evidence.IMPORTED, administrator=False, pairs=1) is EvidenceFault.NOT_ADMINISTRATOR
    assert evidence_fault(Evidence.CHECKED_IN, administrator=False, pairs=0) is EvidenceFault.NO_PAIRS
    assert evidence_fault(Evidence.ATTESTED, administrator=False, pairs=1) is EvidenceFault.PAIRS
