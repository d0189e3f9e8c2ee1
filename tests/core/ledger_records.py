"""What a ledger in memory knows of verified records, handed to a book as the store hands it."""

from collections.abc import Mapping

from app.core.accruals import Accrual, Earned, Overlaid
from app.core.book import Book, Needs
from app.core.ids import NOBODY, RecordId
from app.core.rows import RecordState, ServiceRecord, TallyKey
from app.core.standings import whose_standing


def add_accruals(
    book: Book,
    needs: Needs,
    records: Mapping[RecordId, ServiceRecord],
    accruals: Mapping[RecordId, Accrual],
    tallies: Mapping[TallyKey, int],
) -> None:
    """What records counted for where a policy asks, what they took of towns' budgets, and what towns have given."""
    asking = whose_standing(book, needs)
    book.earned.update((volunteer, {}) for volunteer in asking)
    for record, row in accruals.items():
        if row.volunteer in asking and records[record].state is RecordState.VERIFIED:
            book.earned[row.volunteer][record] = Earned(row.service.day, row.service.activity, row.counted, row.points)
    for record in needs.accruals:
        found = accruals.get(record)
        book.overlaid[record] = Overlaid.of(found) if found else None
    if any(policy.overlays for policy in book.policies) or any(book.overlaid.values()):
        book.tallies[NOBODY] = {key: amount for key, amount in tallies.items() if key.subject == NOBODY}
