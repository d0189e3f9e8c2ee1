"""The journal as auditors and other systems read it: accounts, entries, transactions, the head."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text

from app.core.accounts import AccountKey, AccountKind
from app.core.ids import ProgrammeId, TransactionId
from app.core.transactions import Reason, Transaction, TransactionKind, Transfer
from app.store.database import Reader, Tx


@dataclass(frozen=True, slots=True)
class HeadView:
    """The last transaction that was written."""

    seq: int
    recorded_at: datetime


_HEAD = text("SELECT next_seq - 1, recorded_at FROM journal_heads WHERE programme_id = :programme")


async def fetch_head(reader: Reader | Tx, programme: ProgrammeId) -> HeadView:
    """Where the journal ends."""
    return HeadView(*(await reader.execute(_HEAD, {"programme": programme})).one())


@dataclass(frozen=True, slots=True)
class ReceiptView:
    """A transaction's place in the journal, and the hash that proves it."""

    seq: int
    transaction: TransactionId
    leaf_hash: bytes


_RECEIPT = text("SELECT seq, id, leaf_hash FROM transactions WHERE programme_id = :programme AND seq = :seq")


async def fetch_receipt(reader: Reader, programme: ProgrammeId, seq: int) -> ReceiptView | None:
    """The receipt of one transaction."""
    row = (await reader.execute(_RECEIPT, {"programme": programme, "seq": seq})).one_or_none()
    return ReceiptView(*row) if row else None


@dataclass(frozen=True, slots=True)
class AccountView:
    """An account with its number and its balance on its normal side."""

    account_no: int
    key: AccountKey
    balance: int


def _key(kind: str, owner: UUID, part: str) -> AccountKey:
    return AccountKey(AccountKind(kind), owner, part)


_ACCOUNT = text("""
SELECT account_no, balance FROM accounts
WHERE programme_id = :programme AND owner_id = :owner AND kind = :kind AND part = :part
""")


async def fetch_account(reader: Reader, programme: ProgrammeId, key: AccountKey) -> AccountView | None:
    """One account by its name."""
    values = {"programme": programme, "owner": key.owner, "kind": key.kind.value, "part": key.part}
    row = (await reader.execute(_ACCOUNT, values)).one_or_none()
    return AccountView(row[0], key, row[1]) if row else None


_ACCOUNTS = text("""
SELECT account_no, kind, owner_id, part, balance FROM accounts
WHERE programme_id = :programme AND account_no > :after
  AND (CAST(:kind AS text) IS NULL OR kind = :kind) AND (CAST(:owner AS uuid) IS NULL OR owner_id = :owner)
ORDER BY account_no LIMIT :limit
""")


async def fetch_accounts(
    reader: Reader,
    programme: ProgrammeId,
    after: int,
    limit: int,
    kind: AccountKind | None,
    owner: UUID | None,
) -> Sequence[AccountView]:
    """The accounts after a given number, of a kind or an owner when one is named."""
    values = {
        "programme": programme,
        "after": after,
        "limit": limit,
        "kind": kind.value if kind else None,
        "owner": owner,
    }
    return [
        AccountView(number, _key(kind_text, owner_id, part), balance)
        for number, kind_text, owner_id, part, balance in await reader.execute(_ACCOUNTS, values)
    ]


_BALANCE_AS_OF = text("""
SELECT balance FROM (
    (SELECT seq, position, debit_balance AS balance FROM transfers
     WHERE programme_id = :programme AND debit_account_no = :account AND seq <= :seq
     ORDER BY seq DESC, position DESC LIMIT 1)
    UNION ALL
    (SELECT seq, position, credit_balance FROM transfers
     WHERE programme_id = :programme AND credit_account_no = :account AND seq <= :seq
     ORDER BY seq DESC, position DESC LIMIT 1)
) last ORDER BY seq DESC, position DESC LIMIT 1
""")


async def fetch_balance_as_of(reader: Reader, programme: ProgrammeId, account_no: int, seq: int) -> int:
    """The balance after a transaction: what the last entry up to there left. Found by index, not by summing."""
    values = {"programme": programme, "account": account_no, "seq": seq}
    return int(await reader.scalar(_BALANCE_AS_OF, values) or 0)


_BALANCE_EFFECTIVE = text("""
SELECT coalesce(sum(amount), 0)::bigint FROM (
    SELECT t.amount, x.occurred_at, x.recorded_at FROM transfers t
    JOIN transactions x ON x.programme_id = t.programme_id AND x.seq = t.seq
    WHERE t.programme_id = :programme AND t.credit_account_no = :account
    UNION ALL
    SELECT -t.amount, x.occurred_at, x.recorded_at FROM transfers t
    JOIN transactions x ON x.programme_id = t.programme_id AND x.seq = t.seq
    WHERE t.programme_id = :programme AND t.debit_account_no = :account
) legs WHERE occurred_at < :before AND recorded_at <= :known_at
""")


async def fetch_balance_effective(
    reader: Reader, programme: ProgrammeId, account_no: int, before: datetime, known_at: datetime
) -> int:
    """Credits less debits of what had happened before a moment, as far as it was known at another."""
    values = {"programme": programme, "account": account_no, "before": before, "known_at": known_at}
    return int(await reader.scalar(_BALANCE_EFFECTIVE, values) or 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryView:
    """One leg of a transfer as its account sees it, with the balance after."""

    seq: int
    position: int
    side: str
    amount: int
    balance: int
    transaction: TransactionId
    kind: str
    occurred_at: datetime
    recorded_at: datetime


_ENTRIES = text("""
SELECT e.seq, e.position, e.side, e.amount, e.balance, x.id AS transaction, x.kind, x.occurred_at, x.recorded_at
FROM (
    SELECT seq, position, 'debit' AS side, amount, debit_balance AS balance FROM transfers
    WHERE programme_id = :programme AND debit_account_no = :account AND seq > :after
    UNION ALL
    SELECT seq, position, 'credit', amount, credit_balance FROM transfers
    WHERE programme_id = :programme AND credit_account_no = :account AND seq > :after
    ORDER BY seq, position LIMIT :limit
) e JOIN transactions x ON x.programme_id = :programme AND x.seq = e.seq
ORDER BY e.seq, e.position
""")


async def fetch_entries(
    reader: Reader, programme: ProgrammeId, account_no: int, after: int, limit: int
) -> Sequence[EntryView]:
    """An account's entries after a sequence number, the oldest first."""
    values = {"programme": programme, "account": account_no, "after": after, "limit": limit}
    return [EntryView(**row) for row in (await reader.execute(_ENTRIES, values)).mappings()]


@dataclass(frozen=True, slots=True)
class TransactionView:
    """A transaction of the journal with its transfers and its place."""

    seq: int
    transaction: Transaction
    recorded_at: datetime
    leaf_hash: bytes


_TRANSACTION = """
SELECT x.seq, x.id, x.kind, x.actor, x.reason, x.occurred_at, x.recorded_at, x.policy, x.document, x.reverses,
       x.leaf_hash, l.debit_kinds, l.debit_owners, l.debit_parts, l.credit_kinds, l.credit_owners, l.credit_parts,
       l.amounts
FROM transactions x CROSS JOIN LATERAL (
    SELECT array_agg(d.kind ORDER BY t.position) AS debit_kinds,
           array_agg(d.owner_id ORDER BY t.position) AS debit_owners,
           array_agg(d.part ORDER BY t.position) AS debit_parts,
           array_agg(c.kind ORDER BY t.position) AS credit_kinds,
           array_agg(c.owner_id ORDER BY t.position) AS credit_owners,
           array_agg(c.part ORDER BY t.position) AS credit_parts,
           array_agg(t.amount ORDER BY t.position) AS amounts
    FROM transfers t
    JOIN accounts d ON d.programme_id = t.programme_id AND d.account_no = t.debit_account_no
    JOIN accounts c ON c.programme_id = t.programme_id AND c.account_no = t.credit_account_no
    WHERE t.programme_id = x.programme_id AND t.seq = x.seq
) l
WHERE x.programme_id = :programme
"""
_ONE = text(f"{_TRANSACTION} AND x.id = :id")
_PAGE = text(f"{_TRANSACTION} AND x.seq > :after ORDER BY x.seq LIMIT :limit")


def _view(row: dict[str, object]) -> TransactionView:
    def keys(side: str) -> list[AccountKey]:
        named = zip(row[f"{side}_kinds"], row[f"{side}_owners"], row[f"{side}_parts"], strict=True)  # type: ignore[call-overload]  # arrays of one row
        return [_key(kind, owner, part) for kind, owner, part in named]

    transfers = map(Transfer, keys("debit"), keys("credit"), row["amounts"])  # type: ignore[call-overload]  # an array
    transaction = Transaction(
        id=row["id"],  # type: ignore[arg-type]  # a row of the driver
        kind=TransactionKind(str(row["kind"])),
        actor=str(row["actor"]),
        reason=Reason(str(row["reason"])),
        occurred_at=row["occurred_at"],  # type: ignore[arg-type]  # a row of the driver
        transfers=tuple(transfers),
        document=str(row["document"]),
        policy=str(row["policy"]),
        reverses=row["reverses"],  # type: ignore[arg-type]  # a row of the driver
    )
    return TransactionView(row["seq"], transaction, row["recorded_at"], row["leaf_hash"])  # type: ignore[arg-type]  # as above


async def fetch_transaction(
    reader: Reader, programme: ProgrammeId, transaction: TransactionId
) -> TransactionView | None:
    """One transaction by its id."""
    row = (await reader.execute(_ONE, {"programme": programme, "id": transaction})).mappings().one_or_none()
    return _view(dict(row)) if row else None


async def fetch_transactions(
    reader: Reader, programme: ProgrammeId, after: int, limit: int
) -> Sequence[TransactionView]:
    """The transactions after a sequence number, in their order."""
    values = {"programme": programme, "after": after, "limit": limit}
    return [_view(dict(row)) for row in (await reader.execute(_PAGE, values)).mappings()]


_DOCUMENTS = text("SELECT id, document FROM transactions WHERE programme_id = :programme AND id = ANY(:ids)")


async def fetch_documents(
    reader: Reader, programme: ProgrammeId, transactions: Sequence[TransactionId]
) -> Mapping[TransactionId, str]:
    """The business documents that these transactions belong to."""
    rows = await reader.execute(_DOCUMENTS, {"programme": programme, "ids": transactions})
    return {TransactionId(row[0]): row[1] for row in rows}
