"""Judging, on recordings written by hand: good tills pass, each bad one breaks exactly its rules."""

from typing import Any

import pytest

from app.conformance.judging import Grade, is_good, judge, summarise
from app.conformance.records import Booked, Exchange, Learnt, Recording, Said, verb_of
from app.conformance.rules import RULES
from app.conformance.scenarios import SCENARIOS, Verb
from tests.conformance.recordings import PATH, Tape

DONE, NOT_DONE = Said.DONE, Said.NOT_DONE
REFUSED: dict[str, Any] = {"status": 409, "answer": {"code": "NOT_ENOUGH"}}
LOST: dict[str, Any] = {"status": None}
LATE: dict[str, Any] = {"skew_s": -600, "status": 401, "answer": {"code": "SIGN_ERROR"}}


def _graded(recording: Recording, grade: Grade) -> set[str]:
    return {verdict.rule for verdict in judge(recording) if verdict.grade is grade}


GOOD_TILLS: dict[str, Recording] = {
    "plain": Tape("plain").pay().end(DONE, "A"),
    "waits for a slow answer": Tape("slow").pay(ended_s=9.0).end(DONE, "A"),
    "gives a slow answer up and reverses": Tape("slow").lost().query(state="").reverse(after=20).end(NOT_DONE),
    "takes a replay for the answer": Tape("duplicate_delivery").pay(replayed=True).end(DONE, "A"),
    "learns the time": Tape("clock_skew").pay(**LATE).pay().end(DONE, "A"),
    "queries": Tape("timeout_after_commit").lost().query().end(DONE, "A"),
    "sends the same again": Tape("timeout_after_commit").lost().pay(replayed=True).end(DONE, "A"),
    "reverses in the end": Tape("timeout_after_commit").lost().query(state="").reverse(after=15).end(NOT_DONE),
    "repeats a reversal": Tape("lost_answers")
    .lost()
    .query(**LOST)
    .reverse(after=15, **LOST)
    .reverse(status=503)
    .reverse()
    .end(NOT_DONE),
    "is busy and asks again": Tape("plain").pay(status=503, answer={"code": "SYSTEM_BUSY"}).pay().end(DONE, "A"),
    "orders anew after a refusal": Tape("reversed_before_arrival").pay(**REFUSED).pay("B").end(DONE, "B"),
    "orders anew after a reversal": Tape("lost_answers").lost().query(**LOST).reverse(after=15).pay("B").end(DONE, "B"),
    "cancels what it knows to be paid": Tape("slow").pay().reverse().end(NOT_DONE),
    "refunds": Tape("refund").pay().refund(**LOST).refund().end(DONE, "A", refunded=2, refund_points=2),
    "waits for the volunteer": Tape("plain")
    .pay(status=202, answer={"state": "AWAITING_CONFIRMATION"})
    .query(state="AWAITING_CONFIRMATION")
    .query(state="CLOSED")
    .end(NOT_DONE),
}
BAD_TILLS: dict[str, tuple[Recording, set[str]]] = {
    "does nothing": (Tape("plain").end(NOT_DONE), {"sale-made", "ends-done"}),
    "asks for other points": (
        Tape("plain").pay(points=6).end(DONE, "A", points=6),
        {"sale-made", "charged-once"},
    ),
    "reads another code": (Tape("plain").pay(code="96").end(DONE, "A"), {"sale-made"}),
    "signs wrongly": (Tape("plain").pay(status=401).pay().end(DONE, "A"), {"signed-well"}),
    "has one nonce": (Tape("plain").pay(nonce="1").query(nonce="1").end(DONE, "A"), {"fresh-nonce"}),
    "has no nonce": (Tape("plain").pay(nonce="").end(DONE, "A"), {"fresh-nonce"}),
    "keeps its clock": (
        Tape("clock_skew").pay(**LATE).pay(**LATE).end(NOT_DONE),
        {"clock-corrected", "ends-done"},
    ),
    "learns the time under a new number": (
        Tape("clock_skew").pay(**LATE).pay("B").end(DONE, "B"),
        {"clock-corrected", "one-number"},
    ),
    "orders again": (
        Tape("timeout_after_commit").lost().pay("B").end(DONE, "A", "B"),
        {"one-number", "queried", "settled", "charged-once", "says-what-is-booked"},
    ),
    "queries, then orders again": (
        Tape("timeout_after_commit").lost().query(state="").pay("B").end(DONE, "A", "B"),
        {"one-number", "settled", "charged-once", "says-what-is-booked"},
    ),
    "changes the body": (
        Tape("timeout_after_commit")
        .lost()
        .pay(points=6, status=409, answer={"code": "OUT_TRADE_NO_USED"})
        .query()
        .end(DONE, "A"),
        {"same-body"},
    ),
    "retries a refusal with another body": (
        Tape("plain").pay(**REFUSED).pay(points=1, **REFUSED).end(NOT_DONE),
        {"same-body", "refusal-final", "ends-done"},
    ),
    "never asks": (
        Tape("timeout_after_commit").lost().end(NOT_DONE, "A"),
        {"queried", "settled", "says-what-is-booked"},
    ),
    "never reverses": (
        Tape("lost_answers").lost().query(**LOST).query(**LOST).end(NOT_DONE, "A"),
        {"settled", "says-what-is-booked"},
    ),
    "reverses after 1 s": (
        Tape("lost_answers").lost().query(after=0.5, **LOST).reverse(after=0.5).end(NOT_DONE),
        {"reversal-waits"},
    ),
    "reverses without asking": (Tape("lost_answers").lost().reverse(after=15).end(NOT_DONE), {"queried"}),
    "reverses once only": (
        Tape("lost_answers").lost().query(**LOST).reverse(after=15, **LOST).end(NOT_DONE),
        {"settled", "reversal-repeated"},
    ),
    "reverses another number": (
        Tape("lost_answers").lost().query(**LOST).reverse("B", after=15).reverse().end(NOT_DONE),
        {"reversal-repeated"},
    ),
    "reverses a replay": (
        Tape("duplicate_delivery").pay(replayed=True).reverse().end(NOT_DONE),
        {"replay-accepted", "ends-done"},
    ),
    "refunds under a second number": (
        Tape("refund").pay().refund(**LOST).refund("S").end(DONE, "A", refunded=4, refund_points=2),
        {"refunded-once", "says-what-is-booked", "ends-done"},
    ),
    "gives a refund up": (
        Tape("refund").pay().refund(**LOST).end(NOT_DONE, "A", refunded=2, refund_points=2),
        {"refunded-once", "says-what-is-booked"},
    ),
    "does not refund": (
        Tape("refund").pay().end(DONE, "A", refund_points=2),
        {"refunded-once", "says-what-is-booked", "ends-done"},
    ),
    "says paid when it is not": (
        Tape("reversed_before_arrival").pay(**REFUSED).end(DONE),
        {"says-what-is-booked"},
    ),
    "says not paid when it is": (Tape("plain").pay().end(NOT_DONE, "A"), {"says-what-is-booked"}),
}


@pytest.mark.parametrize("name", GOOD_TILLS)
def test_a_good_till_breaks_nothing(name: str) -> None:
    """Each of these is a right way through its scenario."""
    assert _graded(GOOD_TILLS[name], Grade.FAIL) == set()


@pytest.mark.parametrize("name", BAD_TILLS)
def test_a_bad_till_breaks_its_rules_and_no_other(name: str) -> None:
    """Each of these does one thing wrong; what follows from it is named too."""
    recording, broken = BAD_TILLS[name]
    assert _graded(recording, Grade.FAIL) == broken
    assert not is_good(judge(recording))


def test_every_rule_is_kept_by_one_and_broken_by_another() -> None:
    """No rule is blind, none refuses everybody."""
    every = {rule.id for rule in RULES}
    assert set().union(*(_graded(recording, Grade.PASS) for recording in GOOD_TILLS.values())) == every
    assert set().union(*(broken for _, broken in BAD_TILLS.values())) == every


def test_what_a_recording_does_not_show_is_not_judged() -> None:
    """A plain sale says nothing about reversals; and silence of the till is no lie."""
    recording = Tape("plain").pay().end(Said.NOTHING, "A")
    unseen = _graded(recording, Grade.NOT_SEEN)
    assert {"queried", "reversal-waits", "reversal-repeated", "refunded-once", "says-what-is-booked"} <= unseen


def test_a_summary_is_the_worst_of_all() -> None:
    """A rule broken once is broken; where, and by what, is said in both languages."""
    good, (bad, _) = GOOD_TILLS["queries"], BAD_TILLS["orders again"]
    verdicts = [*judge(good), *judge(bad)]
    summary = {verdict.rule: verdict for verdict in summarise(verdicts)}
    assert list(summary) == [rule.id for rule in RULES]
    assert (summary["one-number"].grade, summary["one-number"].broken_by) == (Grade.FAIL, "A -> B")
    assert summary["one-number"].scenarios == ("timeout_after_commit",)
    assert summary["fresh-nonce"].grade is Grade.PASS
    assert summary["refunded-once"].grade is Grade.NOT_SEEN
    assert all(verdict.zh and verdict.en.isascii() for verdict in summary.values())


@pytest.mark.parametrize(
    "method, target, verb, number, refund_number",
    [
        ("POST", PATH, Verb.PAY, "B", ""),
        ("GET", f"{PATH}/A%7C1?x=1", Verb.QUERY, "A|1", ""),
        ("POST", f"{PATH}/A/reverse", Verb.REVERSE, "A", ""),
        ("POST", f"{PATH}/A/refunds", Verb.REFUND, "A", "S"),
        ("GET", f"{PATH}/A/refunds/R", Verb.QUERY_REFUND, "A", "R"),
        ("GET", PATH, Verb.OTHER, "B", ""),
        ("GET", "/v1/pos/totals", Verb.OTHER, "B", ""),
    ],
)
def test_calls_are_told_apart(method: str, target: str, verb: Verb, number: str, refund_number: str) -> None:
    """By method and path; numbers come from the path, else from the body."""
    body = '{"out_trade_no": "B"}' if not refund_number else '{"out_refund_no": "S"}'
    exchange = Exchange(method=method, target=target, sent_s=0, body=body)
    assert verb_of(method, target) is exchange.verb is verb
    assert (exchange.number, exchange.refund_number) == (number, refund_number)


@pytest.mark.parametrize("text", ["", "[]", "no", '"x"', "{"])
def test_what_is_no_json_is_no_accident(text: str) -> None:
    """Whatever a till or a proxy between sends, the record stands."""
    exchange = Exchange(method="POST", target=PATH, sent_s=0, status=201, body=text, answer=text, date=text)
    assert (exchange.number, exchange.learnt, exchange.skew_s, exchange.nonce) == ("", None, None, "")


@pytest.mark.parametrize(
    "state, paid, learnt",
    [
        ("SUCCESS", True, Learnt.PAID),
        ("PARTIALLY_REFUNDED", True, Learnt.PAID),
        ("REFUNDED", True, Learnt.PAID),
        ("REVERSED", False, Learnt.NOT_PAID),
        ("CLOSED", False, Learnt.NOT_PAID),
        ("AWAITING_CONFIRMATION", False, None),
    ],
)
def test_states_are_read_as_the_contract_means_them(state: str, paid: bool, learnt: Learnt | None) -> None:  # noqa: FBT001 - the case
    """Paid, over, or still open."""
    assert Booked(state).paid is paid
    assert Tape("plain").query(state=state).exchanges[0].learnt is learnt


def test_faults_meet_the_calls_that_they_are_planned_for() -> None:
    """The first pay call only; all calls of a moved clock; queries until the till reverses."""
    named = {scenario.name: scenario for scenario in SCENARIOS}
    assert named["slow"].fault_for(Verb.PAY, []) == "slow"
    assert named["slow"].fault_for(Verb.PAY, [Verb.PAY]) == ""
    assert named["slow"].fault_for(Verb.QUERY, [Verb.PAY]) == ""
    assert named["clock_skew"].fault_for(Verb.QUERY, [Verb.PAY, Verb.QUERY]) == "clock_skew"
    lost = named["lost_answers"]
    assert lost.fault_for(Verb.QUERY, [Verb.PAY, Verb.QUERY]) == "timeout_after_commit"
    assert lost.fault_for(Verb.REVERSE, [Verb.PAY]) == "timeout_after_commit"
    assert lost.fault_for(Verb.REVERSE, [Verb.PAY, Verb.REVERSE]) == ""
    assert lost.fault_for(Verb.QUERY, [Verb.PAY, Verb.REVERSE]) == ""
