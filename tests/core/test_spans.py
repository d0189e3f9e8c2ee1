"""The quick audit of a span says what the slow one says, whatever is wrong; it only does not say what."""

from array import array
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.core.accounts import CHART, AccountKey, AccountKind, Owner, Side
from app.core.canonical import encode_transaction, format_instant, hash_leaf
from app.core.ids import NOBODY, TransactionId
from app.core.invariants import JournalAudit
from app.core.spans import SoundSpan, format_moment, lines_of
from app.core.transactions import Reason, Transaction, TransactionKind, Transfer
from tests.core.journals import (
    ACCOUNTS,
    ANNA,
    BENNO,
    EPOCH,
    KEYS,
    MICROSECOND,
    PROGRAMME,
    SPAN,
    WALLETS,
    Journal,
    to_raw,
)

moments = st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30), timezones=st.just(UTC))  # noqa: DTZ001 - the zone is beside it
texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)


@st.composite
def journals(draw: st.DrawFn) -> Journal:
    """Sound journals of two spans but for the last transaction."""
    journal = Journal()
    for number in range(2 * SPAN - 1):
        person = draw(st.sampled_from((ANNA, BENNO)))
        wallet = draw(st.sampled_from([key for key in WALLETS if key.owner == person]))
        earned, spent = draw(st.integers(1, 500)), draw(st.integers(0, 100))
        transfers = [
            Transfer(AccountKey(AccountKind.SERVICE), AccountKey(AccountKind.HOURS, person), earned),
            Transfer(AccountKey(AccountKind.ISSUANCE), wallet, earned),
        ]
        if 0 < spent <= earned:
            transfers.append(Transfer(wallet, AccountKey(AccountKind.BREAKAGE), spent))
        transaction = Transaction(
            id=TransactionId(UUID(int=number + 1)),
            kind=draw(st.sampled_from(TransactionKind)),
            actor=draw(texts),
            reason=draw(st.sampled_from(Reason)),
            occurred_at=draw(moments),
            transfers=tuple(transfers),
            document=draw(texts),
            policy=draw(texts),
            reverses=draw(st.none() | st.uuids().map(TransactionId)),
        )
        journal.append(transaction, draw(moments))
    return journal


def _change(what: Callable[[Transaction], Transaction]) -> Callable[[Journal, int], None]:
    def plant(journal: Journal, at: int) -> None:
        row = journal.transactions[at % len(journal.transactions)]
        row["transaction"] = what(row["transaction"])

    return plant


def _bend(**by: int) -> Callable[[Journal, int], None]:
    def plant(journal: Journal, at: int) -> None:
        leg = journal.transfers[at % len(journal.transfers)]
        changed = {name: getattr(leg, name) + step for name, step in by.items()}
        journal.transfers[at % len(journal.transfers)] = replace(leg, **changed)

    return plant


def _swap(journal: Journal, at: int) -> None:
    leg = journal.transfers[at % len(journal.transfers)]
    journal.transfers[at % len(journal.transfers)] = replace(leg, debit=leg.credit, credit=leg.debit)


def _turn_round(journal: Journal, at: int) -> None:
    """A whole transfer the other way round, with the balances that would follow: only the hash can tell."""
    leg = journal.transfers[at % len(journal.transfers)]
    journal.transfers[at % len(journal.transfers)] = replace(
        leg,
        debit=leg.credit,
        credit=leg.debit,
        debit_balance=leg.credit_balance - 2 * leg.amount,
        credit_balance=leg.debit_balance - 2 * leg.amount,
    )


def _one_account(journal: Journal, at: int) -> None:
    leg = journal.transfers[at % len(journal.transfers)]
    journal.transfers[at % len(journal.transfers)] = replace(leg, credit=leg.debit)


def _lose_leg(journal: Journal, at: int) -> None:
    del journal.transfers[at % len(journal.seqs)]
    del journal.seqs[at % len(journal.seqs)]


def _double_leg(journal: Journal, at: int) -> None:
    journal.transfers.append(replace(journal.transfers[at % len(journal.seqs)], position=9))
    journal.seqs.append(journal.seqs[at % len(journal.seqs)])


def _lose_transaction(journal: Journal, at: int) -> None:
    del journal.transactions[at % len(journal.transactions)]


def _bend_leaf(journal: Journal, at: int) -> None:
    row = journal.transactions[at % len(journal.transactions)]
    row["leaf"] = hash_leaf(row["leaf"])


def _bend_recorded(journal: Journal, at: int) -> None:
    row = journal.transactions[at % len(journal.transactions)]
    row["recorded_at"] += MICROSECOND


def _nothing(_journal: Journal, _at: int) -> None:
    """A sound journal stays one."""


SERVICE, ISSUANCE, BREAKAGE, DEBT = KEYS[:4]
PLAIN = Transfer(ISSUANCE, WALLETS[0], 5)
LAST = {
    "overdrawn": Transfer(WALLETS[0], BREAKAGE, 1_000_000),
    "two assets": Transfer(SERVICE, WALLETS[0], 5),
    "one account alone": Transfer(ISSUANCE, ISSUANCE, 5),
    "repaid too much": Transfer(ISSUANCE, DEBT, 5),
    "nothing moved": Transfer(ISSUANCE, WALLETS[0], 0),
    "moved back": Transfer(ISSUANCE, BREAKAGE, -5),
}
"""What no batch would write, with the hash and the balances that it would have had."""


def _end(transfer: Transfer) -> Transaction:
    return Transaction(
        id=TransactionId(UUID(int=999)),
        kind=TransactionKind.BONUS,
        actor="system",
        reason=Reason.START_GRANT,
        occurred_at=EPOCH,
        transfers=(transfer,),
        document="",
    )


PLANTS = {
    **dict.fromkeys(LAST, _nothing),
    "nothing": _nothing,
    "amount": _bend(amount=1),
    "amount below zero": _bend(amount=-1_000),
    "more than a row can hold": _bend(amount=2**63, debit_balance=2**63, credit_balance=2**63),
    "debit account": _bend(debit=1),
    "credit account": _bend(credit=-1),
    "an account that is not there": _bend(credit=1_000),
    "debit balance": _bend(debit_balance=1),
    "credit balance": _bend(credit_balance=-1),
    "both balances": _bend(debit_balance=5, credit_balance=5),
    "below the floor": _bend(debit_balance=-9_999, credit_balance=-9_999),
    "position": _bend(position=1),
    "swapped sides": _swap,
    "turned round": _turn_round,
    "one account": _one_account,
    "lost leg": _lose_leg,
    "doubled leg": _double_leg,
    "lost transaction": _lose_transaction,
    "leaf": _bend_leaf,
    "recorded at": _bend_recorded,
    "actor": _change(lambda row: replace(row, actor=row.actor + '"')),
    "document": _change(lambda row: replace(row, document=row.document + "é")),
    "policy": _change(lambda row: replace(row, policy=row.policy + "\n")),
    "no kind": _change(lambda row: replace(row, kind="gift.v1")),  # type: ignore[arg-type]  # a forged row
    "no reason": _change(lambda row: replace(row, reason="because")),  # type: ignore[arg-type]  # a forged row
    "id": _change(lambda row: replace(row, id=TransactionId(UUID(int=row.id.int + 99)))),
    "reverses": _change(lambda row: replace(row, reverses=None if row.reverses else row.id)),
    "occurred at": _change(lambda row: replace(row, occurred_at=row.occurred_at + MICROSECOND)),
}


@pytest.mark.parametrize("plant", PLANTS)
@settings(max_examples=12)
@given(journals(), st.integers(0, 10_000))
def test_quick_and_slow_agree(plant: str, journal: Journal, at: int) -> None:
    """Whatever is done to whichever row: the quick audit accepts just what the slow one finds nothing in."""
    journal.append(_end(LAST.get(plant, PLAIN)), EPOCH)
    PLANTS[plant](journal, at)
    quick, slow = JournalAudit(PROGRAMME), JournalAudit(PROGRAMME)
    for seqs in (range(1, SPAN + 1), range(SPAN + 1, 2 * SPAN + 1)):
        span = journal.span(seqs)
        accepted = span is not None and quick.accept(span)
        journal.slowly(slow, seqs)
        expected = not slow.findings and slow.last_seq == seqs[-1]
        assert accepted == expected, (plant, slow.findings)
        if not accepted:
            return
    assert plant == "nothing"
    assert all(quick.balances[number] == slow.balances[number] for number in ACCOUNTS)
    assert (quick.last_seq, quick.transactions) == (slow.last_seq, slow.transactions)


@given(moments)
def test_a_moment_is_written_as_the_canonical_form_writes_it(moment: datetime) -> None:
    """The raw eight bytes give the very text of `format_instant`, long before and after 2000."""
    assert format_moment(to_raw(moment)) == format_instant(moment)


@given(st.sampled_from(AccountKind), st.uuids(), texts)
def test_a_line_has_the_path_of_its_account(kind: AccountKind, owner: UUID, part: str) -> None:
    """Paths, assets and floors are those of the chart, whatever the part."""
    rule = CHART[kind]
    key = AccountKey(kind, NOBODY if rule.owner is Owner.PROGRAMME else owner, part)
    other = AccountKey(AccountKind.SERVICE if kind is not AccountKind.SERVICE else AccountKind.HOURS)
    lines = lines_of([(1, kind.value, key.owner.hex, part), (2, other.kind.value, NOBODY.hex, "")])
    transaction = Transaction(
        id=TransactionId(NOBODY),
        kind=TransactionKind.ACCRUE,
        actor="",
        reason=Reason.SERVICE_VERIFIED,
        occurred_at=EPOCH,
        transfers=(Transfer(key, other, 1),),
        document="",
    )
    path, asset, debited, floored = lines[1]
    canonical = encode_transaction(PROGRAMME, 1, format_instant(EPOCH), transaction).decode()
    assert f"[[{asset},1,{path},{lines[2][0]}]]" in canonical
    assert (debited == 1) == (rule.side is Side.DEBIT)
    assert floored == rule.floored


def test_an_account_of_no_kind_is_left_out() -> None:
    """A row that names a kind that there is not is no account: the transfer that names it is not sound."""
    assert lines_of([(1, "purse", NOBODY.hex, "")]) == {}


def test_a_span_behind_a_gap_is_not_taken() -> None:
    """Balances alone do not tell that a span is missing whose accounts the next one leaves alone."""
    audit, nothing = JournalAudit(PROGRAMME), array("q")
    assert not audit.accept(SoundSpan(range(5, 9), nothing, nothing, nothing))
    assert audit.accept(SoundSpan(range(1, 5), nothing, nothing, nothing))
    assert audit.accept(SoundSpan(range(5, 9), nothing, nothing, nothing))
    assert not audit.accept(SoundSpan(range(5, 9), nothing, nothing, nothing))
