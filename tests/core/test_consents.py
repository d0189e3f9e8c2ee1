"""The consent ledger: what was in force when, whoever asks later."""

from datetime import UTC, datetime, timedelta
from itertools import count
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.codes import Code, Rejected
from app.core.consents import Channel, ConsentRow, ConsentStep, GivenBy, Purpose, consent_at, refuse_giver
from app.core.ids import ConsentId

NOON = datetime(2026, 3, 2, 4, tzinfo=UTC)


def rows(*steps: tuple[int, str | None]) -> list[ConsentRow]:
    """Rows of one purpose: (minute, version) where it was given, (minute, None) where it was withdrawn."""
    numbers = count(1)
    return [
        ConsentRow(
            id=ConsentId(UUID(int=minute)),
            purpose=Purpose.HONOUR_WALL,
            number=next(numbers),
            step=ConsentStep.GIVEN if version else ConsentStep.WITHDRAWN,
            version=version or "",
            channel=Channel.MINI_PROGRAM,
            given_by=GivenBy.SELF,
            actor="vol_1",
            at=minute_(minute),
        )
        for minute, version in steps
    ]


def minute_(minute: int) -> datetime:
    """A minute after noon."""
    return NOON + timedelta(minutes=minute)


def test_a_consent_holds_from_when_it_was_given_until_it_was_withdrawn() -> None:
    """Both moments exactly; asked later about then, the answer is the same."""
    ledger = rows((1, "a"), (5, None), (7, "b"))
    versions = [consent.version if (consent := consent_at(ledger, minute_(at))) else None for at in range(9)]
    assert versions == [None, "a", "a", "a", "a", None, None, "b", "b"]


def test_a_newer_text_replaces_the_older() -> None:
    """Consent anew, without a withdrawal between."""
    found = consent_at(rows((1, "a"), (3, "b")), minute_(4))
    assert found is not None
    assert (found.version, found.given_at, found.withdrawn_at) == ("b", minute_(3), None)


def test_a_later_withdrawal_is_told_but_changes_nothing_before_it() -> None:
    """PIPL Art. 15: what was done before stays lawful."""
    found = consent_at(rows((1, "a"), (5, None)), minute_(2))
    assert found is not None
    assert found.withdrawn_at == minute_(5)
    assert found.holds(minute_(4))
    assert not found.holds(minute_(5))


@given(st.lists(st.sampled_from(["a", "b", None]), max_size=12), st.integers(0, 14))
def test_the_last_step_until_a_moment_decides(steps: list[str | None], at: int) -> None:
    """Whatever the order of steps, a simple reading gives the same."""
    ledger = rows(*((minute, version) for minute, version in enumerate(steps, start=1)))
    before = [version for minute, version in enumerate(steps, start=1) if minute <= at]
    found = consent_at(ledger, minute_(at))
    assert (found.version if found else None) == (before[-1] if before else None)


@pytest.mark.parametrize("purpose", list(Purpose))
def test_under_fourteen_the_guardian_speaks(purpose: Purpose) -> None:
    """PIPL Art. 31; from 14 on everybody for themselves, except what is the guardian's own to say."""
    refused = Rejected(Code.GUARDIAN_REQUIRED, {"needed": "guardian"})
    assert refuse_giver(13, purpose, GivenBy.SELF) == refused
    assert refuse_giver(13, purpose, GivenBy.GUARDIAN) is None
    expected = refused if purpose is Purpose.MINOR_GUARDIAN else None
    assert refuse_giver(14, purpose, GivenBy.SELF) == expected
    assert refuse_giver(None, purpose, GivenBy.SELF) == expected
