"""What a recording shows of each rule of a good till. Pure: a recording in, what was found out.

A finding is None when the recording shows nothing to judge by, an empty text when the rule was kept, and otherwise the
numbers or calls that broke it.
"""

from collections.abc import Callable, Iterator
from itertools import pairwise

from app.conformance.records import Exchange, Learnt, Recording, Said
from app.conformance.scenarios import Verb

REVERSE_AFTER_S = 15.0
"""How long after a pay call its reversal may come at the earliest while the outcome is unknown."""
_ROUNDING_S = 0.2
_SKEW_S = 300
_UNAUTHORIZED = 401

Finding = str | None
Judge = Callable[[Recording, float], Finding]


def _distinct(numbers: Iterator[str]) -> list[str]:
    return list(dict.fromkeys(numbers))


def _numbers(recording: Recording) -> list[str]:
    return _distinct(call.number for call in recording.calls(Verb.PAY))


def _knows_before(recording: Recording, number: str, moment: float) -> Learnt | None:
    """What the till had last learnt about an order at a moment."""
    learnt = [call.learnt for call in recording.about(number) if call.learnt and (call.ended_s or 0) <= moment]
    return learnt[-1] if learnt else None


def _in_doubt(recording: Recording) -> list[tuple[str, Exchange]]:
    """The orders with a pay call whose outcome the till could not know, and the first such call."""
    found: dict[str, Exchange] = {}
    for call in recording.calls(Verb.PAY):
        if call.unknown:
            found.setdefault(call.number, call)
    return list(found.items())


def sale_made(recording: Recording, _after: float) -> Finding:
    """Whether the first pay call asks for what was given."""
    calls = recording.calls(Verb.PAY)
    if not calls:
        return "POST /v1/pos/redemptions ?"
    sent = calls[0].sent
    asked = (sent.get("auth_code"), sent.get("points")) if isinstance(sent, dict) else None
    return "" if asked == (recording.code, recording.points) else calls[0].number or "?"


def signed(recording: Recording, _after: float) -> Finding:
    """Calls that were refused though their clock was right."""
    if not recording.exchanges:
        return None
    bad = [call for call in recording.exchanges if call.status == _UNAUTHORIZED and not _off(call)]
    return ", ".join(f"{call.method} {call.target}" for call in bad)


def _off(call: Exchange) -> bool:
    return call.skew_s is not None and abs(call.skew_s) > _SKEW_S


def fresh_nonces(recording: Recording, _after: float) -> Finding:
    """Nonces that were used twice, or not at all."""
    nonces = [call.nonce for call in recording.exchanges]
    if not nonces:
        return None
    return ", ".join(_distinct(nonce or "?" for nonce in nonces if not nonce or nonces.count(nonce) > 1))


def clock_corrected(recording: Recording, _after: float) -> Finding:
    """Numbers that were not sent again under the corrected clock."""
    stale = [call for call in recording.exchanges if call.status == _UNAUTHORIZED and _off(call)]
    if not stale:
        return None
    broken = []
    for call in stale:
        later = [other for other in recording.exchanges if other.verb is call.verb and other.sent_s > call.sent_s]
        if not later or later[0].number != call.number or _off(later[0]):
            broken.append(call.number or call.target)
    return ", ".join(_distinct(iter(broken)))


def one_number(recording: Recording, _after: float) -> Finding:
    """Second numbers for a sale whose first number may have been paid."""
    numbers = _numbers(recording)
    if not numbers:
        return None
    first = {number: next(c for c in recording.calls(Verb.PAY) if c.number == number) for number in numbers}
    broken = [
        f"{before} -> {after}"
        for before, after in pairwise(numbers)
        if _knows_before(recording, before, first[after].sent_s) is not Learnt.NOT_PAID
    ]
    return ", ".join(broken)


def same_body(recording: Recording, _after: float) -> Finding:
    """Numbers that were sent with different bodies."""
    bodies: dict[str, list[object]] = {}
    for call in recording.calls(Verb.PAY):
        bodies.setdefault(call.number, []).append(call.sent)
    for call in recording.calls(Verb.REFUND):
        bodies.setdefault(call.refund_number, []).append((call.number, call.sent))
    repeated = {number: sent for number, sent in bodies.items() if len(sent) > 1}
    if not repeated:
        return None
    return ", ".join(number for number, sent in repeated.items() if any(body != sent[0] for body in sent))


def refusal_final(recording: Recording, _after: float) -> Finding:
    """Refused numbers that were tried again with another body."""
    refused = [call for call in recording.calls(Verb.PAY) if call.refused]
    if not refused:
        return None
    broken = [
        call.number
        for call in refused
        for later in recording.calls(Verb.PAY)
        if later.number == call.number and later.sent_s > call.sent_s and later.sent != call.sent
    ]
    return ", ".join(_distinct(iter(broken)))


def queried(recording: Recording, _after: float) -> Finding:
    """Numbers in doubt that were not asked about next."""
    doubts = _in_doubt(recording)
    if not doubts:
        return None
    asks = {Verb.QUERY, Verb.PAY}
    broken = []
    for number, lost in doubts:
        later = [call.verb for call in recording.about(number) if call.sent_s > lost.sent_s]
        if not later or later[0] not in asks:
            broken.append(number)
    return ", ".join(broken)


def settled(recording: Recording, _after: float) -> Finding:
    """Numbers in doubt that the till gave up on."""
    doubts = _in_doubt(recording)
    if not doubts:
        return None
    end = float("inf")
    return ", ".join(number for number, _ in doubts if _knows_before(recording, number, end) is None)


def reversal_waits(recording: Recording, after: float) -> Finding:
    """Numbers in doubt that were reversed too soon."""
    broken, seen = [], False
    for call in recording.calls(Verb.REVERSE):
        pays = [pay for pay in recording.about(call.number) if pay.verb is Verb.PAY and pay.sent_s < call.sent_s]
        if not pays or _knows_before(recording, call.number, call.sent_s) is not None:
            continue
        seen = True
        waited = call.sent_s - pays[-1].sent_s
        if waited < after - _ROUNDING_S:
            broken.append(f"{call.number} ({waited:.1f} s)")
    return ", ".join(broken) if seen else None


def reversal_repeated(recording: Recording, _after: float) -> Finding:
    """Reversals that were never acknowledged, or are of a number that was never ordered."""
    reversals = recording.calls(Verb.REVERSE)
    if not reversals:
        return None
    ours = set(_numbers(recording))
    last = {call.number: call for call in reversals}
    return ", ".join(number for number, call in last.items() if number not in ours or not call.served)


def replay_accepted(recording: Recording, _after: float) -> Finding:
    """The number whose replayed success was not taken for one."""
    replayed = [call for call in recording.calls(Verb.PAY) if call.replayed and call.learnt is Learnt.PAID]
    if not replayed:
        return None
    [first, *_] = replayed
    later = [call for call in recording.exchanges if call.sent_s > first.sent_s]
    again = [call for call in later if call.verb in {Verb.PAY, Verb.REVERSE}]
    return first.number if again or recording.said is Said.NOT_DONE else ""


def refunded_once(recording: Recording, _after: float) -> Finding:
    """Refund numbers when there is more than one or none was acknowledged; or what was refunded instead."""
    refunds = recording.calls(Verb.REFUND)
    if not refunds:
        return None if not recording.scenario.refunds else "POST /v1/pos/redemptions/…/refunds ?"
    numbers = _distinct(call.refund_number for call in refunds)
    told = [call for call in recording.calls(Verb.REFUND, Verb.QUERY_REFUND) if call.served and not call.refused]
    if len(numbers) > 1 or not any(call.refund_number == numbers[0] for call in told):
        return ", ".join(numbers)
    given = sum(booked.refunded_points for booked in recording.ledger.values())
    return "" if given == recording.refund_points else f"{given} != {recording.refund_points}"


def charged_once(recording: Recording, _after: float) -> Finding:
    """Numbers that were paid though another was, or with other points."""
    if not recording.calls(Verb.PAY):
        return None
    wrong = [number for number in recording.paid if recording.ledger[number].points != recording.points]
    return ", ".join(recording.paid if len(recording.paid) > 1 else wrong)


def says_what_is_booked(recording: Recording, _after: float) -> Finding:
    """What was said, when the ledger says otherwise."""
    if recording.said is Said.NOTHING or not recording.calls(Verb.PAY):
        return None
    done = _is_done(recording)
    return "" if done == (recording.said is Said.DONE) else f"{recording.said}: {_show(recording)}"


def _is_done(recording: Recording) -> bool:
    given = sum(booked.refunded_points for booked in recording.ledger.values())
    return len(recording.paid) == 1 and given == recording.refund_points


def _show(recording: Recording) -> str:
    return ", ".join(f"{number} {booked.state}" for number, booked in recording.ledger.items()) or "-"


def ends_done(recording: Recording, _after: float) -> Finding:
    """What the ledger holds, when that is not one finished sale."""
    waits = any(call.answered.get("state") == "AWAITING_CONFIRMATION" for call in recording.calls(Verb.PAY))
    if not recording.scenario.ends_done or waits:
        return None
    return "" if _is_done(recording) else _show(recording)
