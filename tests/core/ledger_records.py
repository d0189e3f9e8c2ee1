"""What a ledger in memory knows of verified records, handed to a book as the store hands it."""

from collections.abc import Iterable, Mapping
from datetime import datetime, time, timedelta

from app.core.accruals import Accrual, Earned, Overlaid
from app.core.arrivals import KnownRecord
from app.core.book import Book, Needs
from app.core.check_ins import CheckIn
from app.core.family_links import FamilyKey, FamilyLink
from app.core.glimpses import Spent
from app.core.ids import NOBODY, PoolGrantId, RecordId, RedemptionId, VolunteerId
from app.core.pool_grants import PoolGrant
from app.core.programmes import Programme
from app.core.quantities import Instant
from app.core.record_numbers import RecordNumber
from app.core.rows import ImportedRecord, RecordState, Redemption, RedemptionState, ServiceRecord, TallyKey
from app.core.standings import whose_standing
from app.core.volunteers import Volunteer

COUNTING = (RecordState.ENTERED, RecordState.VERIFIED)


def add_gifts(
    book: Book,
    needs: Needs,
    grants: Mapping[PoolGrantId, PoolGrant],
    family: Mapping[FamilyKey, FamilyLink],
    volunteers: Mapping[VolunteerId, Volunteer],
) -> None:
    """Grants from the pool, and the links and members behind the codes of this batch."""
    book.pool_grants.update((key, grants.get(key)) for key in needs.pool_grants)
    codes = [code for code in book.pay_codes.values() if code and code.member]
    keys = needs.family | {FamilyKey(code.volunteer, code.member) for code in codes if code.member}
    book.family.update((key, family.get(key)) for key in keys)
    for member in {key.member for key in keys}:
        book.volunteers.setdefault(member, volunteers.get(member))


def spent_by(
    volunteer: VolunteerId, rows: Iterable[Redemption], programme: Programme, now: Instant
) -> dict[RedemptionId, Spent]:
    """What a volunteer has paid, as far back as the rules of frequency look."""
    midnight = datetime.combine(now.astimezone(programme.zone).date(), time(), programme.zone)
    since = min(midnight, now - timedelta(seconds=programme.same_amount_s))
    gone = (RedemptionState.CLOSED, RedemptionState.REVERSED)
    return {
        row.id: Spent(row.merchant, row.points, row.occurred_at)
        for row in rows
        if row.volunteer == volunteer and row.state_at(now) not in gone and row.occurred_at >= since
    }


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


def known_from(row: ImportedRecord) -> KnownRecord:
    """What is kept of a record that has arrived."""
    record = row.record
    return KnownRecord(record.id, record.volunteer, record.team, record.minutes, record.started_at, record.ended_at)


def add_arrivals(
    book: Book,
    needs: Needs,
    numbers: Mapping[RecordNumber, KnownRecord],
    records: Iterable[ServiceRecord],
    volunteers: Mapping[VolunteerId, Volunteer],
) -> None:
    """What the records that arrive are compared with: their numbers, their people's time, and their teams."""
    arriving = book.arriving
    for arrival in needs.arrivals:
        arriving.numbers[arrival.number] = numbers.get(arrival.number)
        arriving.busy[arrival.volunteer] = {} if arrival.volunteer in volunteers else None
        arriving.teams[arrival.team] = True
    for record in records:
        busy = arriving.busy.get(record.volunteer)
        if busy is not None and record.state in COUNTING:
            busy[record.id] = (CheckIn(record.started_at, record.ended_at),)
