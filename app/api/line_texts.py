"""What a statement says of a bonus, a penalty or an opening balance: looked up only where a page has one."""

from collections.abc import Iterable, Mapping

from app.core.bonuses import tell_bonus
from app.core.ids import BonusId, OpeningId, PenaltyId, ProgrammeId, TransactionId, parse_id
from app.core.openings import tell_opening
from app.core.penalties import tell_penalty
from app.core.transactions import TransactionKind
from app.store.batch_openings import fetch_openings_named
from app.store.bonuses import fetch_bonuses_named
from app.store.database import Reader
from app.store.ledger import fetch_documents
from app.store.penalties import fetch_penalties_named
from app.store.wallets import StatementLine

_TOLD = frozenset(
    kind.value
    for kind in (
        TransactionKind.BONUS,
        TransactionKind.REVOKE_BONUS,
        TransactionKind.PENALISE,
        TransactionKind.LIFT_PENALTY,
        TransactionKind.OPEN,
    )
)
_LIFTED = ("扣分已撤销，积分退回：", "lifted, the points are given back: ")


async def fetch_line_texts(
    reader: Reader, programme: ProgrammeId, lines: Iterable[StatementLine], *, english: bool
) -> Mapping[TransactionId, str]:
    """The sentences of bonuses, penalties and opening balances, by transaction."""
    wanted = {line.transaction: line.kind for line in lines if line.kind in _TOLD}
    if not wanted:
        return {}
    documents = await fetch_documents(reader, programme, list(wanted))
    texts: dict[TransactionId, str] = {}
    named = {transaction: parse_id("bon", document) for transaction, document in documents.items()}
    bonuses = await fetch_bonuses_named(reader, programme, [BonusId(each) for each in named.values() if each])
    for transaction, each in named.items():
        if each:
            texts[transaction] = tell_bonus(bonuses[BonusId(each)], english=english)
    named = {transaction: parse_id("pen", document) for transaction, document in documents.items()}
    penalties = await fetch_penalties_named(reader, programme, [PenaltyId(each) for each in named.values() if each])
    for transaction, each in named.items():
        if each:
            view = penalties[PenaltyId(each)]
            told = tell_penalty(view.name_en if english else view.name, view.penalty, english=english)
            lifted = wanted[transaction] == TransactionKind.LIFT_PENALTY
            texts[transaction] = f"{_LIFTED[english]}{told}" if lifted else told
    named = {transaction: parse_id("opn", document) for transaction, document in documents.items()}
    openings = await fetch_openings_named(reader, programme, [OpeningId(each) for each in named.values() if each])
    for transaction, each in named.items():
        if each:
            texts[transaction] = tell_opening(openings[OpeningId(each)], english=english)
    return texts
