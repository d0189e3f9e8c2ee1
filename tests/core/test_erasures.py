"""Who decides on an erasure: another than who asked, and than whose data it is; once."""

from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

from app.core.codes import Code, Rejected
from app.core.erasures import ErasureRequest, ErasureState
from app.core.ids import ErasureId, VolunteerId

VOLUNTEER = VolunteerId(UUID(int=1))
REQUEST = ErasureRequest(
    id=ErasureId(UUID(int=2)),
    volunteer=VOLUNTEER,
    state=ErasureState.REQUESTED,
    reason="本人申请注销",
    requested_by="usr_a",
    requested_at=datetime(2026, 3, 2, tzinfo=UTC),
)


def test_a_second_person_decides() -> None:
    """Neither who asked, nor the volunteer under another hat."""
    assert REQUEST.refuse_deciding("usr_b", None) is None
    assert REQUEST.refuse_deciding("usr_a", None) == Rejected(Code.SELF_REVIEW)
    assert REQUEST.refuse_deciding("usr_b", VOLUNTEER) == Rejected(Code.SELF_REVIEW)


def test_what_was_decided_stays_decided() -> None:
    """A refusal needs a new request; an erasure cannot be undone."""
    for state in (ErasureState.REFUSED, ErasureState.ERASED):
        decided = replace(REQUEST, state=state)
        assert decided.refuse_deciding("usr_b", None) == Rejected(Code.STATE_CONFLICT, {"state": state.value})
