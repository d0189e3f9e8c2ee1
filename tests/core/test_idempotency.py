"""Answers are kept: the same body gets the same answer, another body a conflict, whatever the answer was."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.book import Accepted
from app.core.codes import Code, Rejected
from app.core.idempotency import ANY_BODY, NOT_KEPT, AnswerKey, KeptAnswer, encode_outcome, replay

BODY, OTHER_BODY = b"\x01" * 32, b"\x02" * 32
CONFLICT = Code.OUT_TRADE_NO_USED

scalars = st.one_of(st.text(), st.integers(), st.booleans(), st.none())
answers = st.dictionaries(st.text(), scalars)
refusals = st.builds(Rejected, st.sampled_from(Code), st.dictionaries(st.text(), st.one_of(st.text(), st.integers())))


@given(answer=answers)
def test_an_answer_is_given_again_as_it_was(answer: dict[str, str | int | bool | None]) -> None:
    """Every figure of an accepted answer survives being kept, whatever its names."""
    kept = KeptAnswer(BODY, encode_outcome(Accepted(answer=answer)), seq=7)
    assert replay(kept, BODY, CONFLICT) == answer


@given(refusal=refusals)
def test_a_refusal_is_given_again_as_it_was(refusal: Rejected) -> None:
    """A refusal is an answer too: the code and its figures are kept, also when they are called `ok`."""
    assert replay(KeptAnswer(BODY, encode_outcome(refusal)), BODY, CONFLICT) == refusal


@pytest.mark.parametrize("decision", [Accepted(answer={"points": 3}), Rejected(Code.NOT_ENOUGH, {"available": 2})])
def test_another_body_under_the_same_key_is_a_conflict(decision: Accepted | Rejected) -> None:
    """Case 6: the conflict says nothing of the kept answer; the caller names its code."""
    kept = KeptAnswer(BODY, encode_outcome(decision))
    for conflict in (Code.OUT_TRADE_NO_USED, Code.IDEMPOTENCY_KEY_USED):
        assert replay(kept, OTHER_BODY, conflict) == Rejected(conflict)


def test_a_tombstone_answers_every_body() -> None:
    """A number reversed before it was seen refuses the late original, whatever it orders."""
    tombstone = KeptAnswer(ANY_BODY, encode_outcome(Rejected(Code.ORDER_REVERSED)))
    for body in (BODY, OTHER_BODY):
        assert replay(tombstone, body, CONFLICT) == Rejected(Code.ORDER_REVERSED)


def test_only_refusals_that_say_nothing_of_the_command_are_forgotten() -> None:
    """The same number may be tried again after a wrong signature, a busy system or its error; after no refusal else."""
    assert {Code.SIGN_ERROR, Code.SYSTEM_BUSY, Code.SYSTEM_ERROR} == NOT_KEPT


def test_keys_of_two_callers_are_two_keys() -> None:
    """The scope is part of the key, and does not run into the number."""
    assert AnswerKey("till:1", "23") != AnswerKey("till:12", "3")
    assert len({AnswerKey("user:1", "a"), AnswerKey("user:2", "a"), AnswerKey("user:1", "a")}) == 2
