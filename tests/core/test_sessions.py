"""A refresh token is good once, and a stolen one ends the session."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from uuid_utils.compat import uuid7

from app.core.ids import SessionId
from app.core.sessions import LOST_ANSWER, STAFF_SPAN, EndedBy, LoginMethod, RefreshRefusal, Session, refresh

AT = datetime(2026, 3, 2, 1, tzinfo=UTC)


def _session(**changed: object) -> Session:
    fields: dict[str, object] = {
        "id": SessionId(uuid7()),
        "kind": "admin",
        "subject": uuid7(),
        "method": LoginMethod.PASSWORD,
        "device": "other",
        "network": "-",
        "created_at": AT,
        "refreshed_at": AT,
        "idle_until": AT + STAFF_SPAN.idle,
        "expires_at": AT + STAFF_SPAN.whole,
    }
    return Session(**{**fields, **changed})  # type: ignore[arg-type]  # fields of a test


def test_a_refresh_gives_the_next_number() -> None:
    """And keeps the session for as long again, though never past its end."""
    at = AT + timedelta(hours=1)
    after = refresh(_session(), 1, STAFF_SPAN, at)
    assert isinstance(after, Session)
    assert (after.seq, after.refreshed_at, after.idle_until) == (2, at, at + STAFF_SPAN.idle)
    late = _session(idle_until=AT + timedelta(hours=12))
    ends = refresh(late, 1, STAFF_SPAN, AT + timedelta(hours=11))
    assert isinstance(ends, Session)
    assert ends.idle_until == ends.expires_at


def test_an_answer_that_was_lost_is_given_again() -> None:
    """Within ten seconds the number before the newest changes nothing and is no theft."""
    session = _session(seq=4)
    assert refresh(session, 3, STAFF_SPAN, AT + LOST_ANSWER - timedelta(seconds=1)) is session


@pytest.mark.parametrize("presented, later", [(3, LOST_ANSWER), (2, timedelta()), (1, timedelta()), (5, timedelta())])
def test_any_other_number_is_a_reuse(presented: int, later: timedelta) -> None:
    """The one before after its moment, an older one, or one that was never given out."""
    assert refresh(_session(seq=4), presented, STAFF_SPAN, AT + later) is RefreshRefusal.REUSED


@pytest.mark.parametrize(
    "changed, at",
    [({}, AT + STAFF_SPAN.idle), ({"idle_until": AT + timedelta(days=9)}, AT + STAFF_SPAN.whole)],
)
def test_a_session_ends_by_itself(changed: dict[str, object], at: datetime) -> None:
    """When it was idle too long, and at the very latest."""
    assert refresh(_session(**changed), 1, STAFF_SPAN, at) is RefreshRefusal.EXPIRED


def test_an_ended_session_is_refreshed_by_nothing() -> None:
    """Not even by its newest number."""
    ended = _session(ended_at=AT, ended_by=EndedBy.OWN)
    assert refresh(ended, 1, STAFF_SPAN, AT) is RefreshRefusal.ENDED


@given(st.lists(st.tuples(st.sampled_from(["owner", "thief"]), st.integers(11, 3000)), min_size=2, max_size=20))
def test_two_who_hold_one_token_do_not_both_go_on(turns: list[tuple[str, int]]) -> None:
    """Once the second of them comes with what both hold, the session is found out."""
    session, at = _session(idle_until=AT + timedelta(days=9), expires_at=AT + timedelta(days=9)), AT
    held = {"owner": 1, "thief": 1}
    moved: set[str] = set()
    for who, wait_s in turns:
        at += timedelta(seconds=wait_s)
        after = refresh(session, held[who], STAFF_SPAN, at)
        if isinstance(after, RefreshRefusal):
            assert after in {RefreshRefusal.REUSED, RefreshRefusal.EXPIRED}
            return
        session, held[who] = after, after.seq
        moved.add(who)
        assert len(moved) == 1
