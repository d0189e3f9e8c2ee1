"""Values of the core for tests: a programme, people, tills, records, and a book that holds them.

Ids are made from names, so a failing test reads the same each time it runs.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from uuid import UUID
from zoneinfo import ZoneInfo

from app.core.accounts import NEVER, AccountKey, AccountKind, lot
from app.core.book import Book
from app.core.ids import (
    NOBODY,
    FundId,
    MerchantId,
    OfferId,
    ProgrammeId,
    RecordId,
    RedemptionId,
    StoreId,
    TeamId,
    TerminalId,
    TransactionId,
    UserId,
    VolunteerId,
)
from app.core.merchants import Till
from app.core.offers import Funding, Gates, Limit, LimitPeriod, Offer, OfferState
from app.core.policies import AccrualPolicy
from app.core.programmes import LapsePolicy, Programme
from app.core.quantities import Fen, Instant, Minutes, Points
from app.core.rows import (
    Evidence,
    LotPart,
    PayCode,
    PayCodeHash,
    RecordState,
    Redemption,
    RedemptionState,
    ServiceRecord,
    Stock,
    TradeNo,
)
from app.core.volunteers import Volunteer, VolunteerStatus

NOW = datetime(2026, 3, 2, 1, tzinfo=UTC)
"""A Monday, 09:00 in Shanghai."""

TODAY = date(2026, 3, 2)
SHANGHAI = ZoneInfo("Asia/Shanghai")


def named(*names: object) -> UUID:
    """An id that is always the same for the same names."""
    return UUID(bytes=sha256("/".join(map(str, names)).encode()).digest()[:16])


VOLUNTEER = VolunteerId(named("volunteer"))
MERCHANT = MerchantId(named("merchant"))
TERMINAL = TerminalId(named("terminal"))
FUND = FundId(named("fund"))
RECORDER = UserId(named("recorder"))
VERIFIER = UserId(named("verifier"))


def a_programme(
    *,
    lapse: LapsePolicy = LapsePolicy.GRACE,
    notice_days: int = 0,
    points_max: int = 100_000,
    rate: int = 300,
    fund: FundId | None = FUND,
    expiry_years: int | None = 2,
    confirm_points: int | None = None,
    confirm_count: int | None = None,
    same_amount_s: int = 0,
    redemptions_a_day: int | None = None,
) -> Programme:
    """A programme in Shanghai's time; a hundred points cost it `rate` fen."""
    return Programme(
        id=ProgrammeId("cixi"),
        zone=SHANGHAI,
        fen_per_hundred_points=rate,
        settlement_fund=fund,
        lapse_policy=lapse,
        notice_days=notice_days,
        points_max=Points(points_max),
        expiry_years=expiry_years,
        confirm_points=None if confirm_points is None else Points(confirm_points),
        confirm_count=confirm_count,
        same_amount_s=same_amount_s,
        redemptions_a_day=redemptions_a_day,
    )


def a_policy(
    version: str = "v1", effective_from: date = date(2020, 1, 1), rate: int = 10, levels: Iterable[int] = (1, 2, 3)
) -> AccrualPolicy:
    """The accrual rule of DOMAIN 2.6: levels 1, 2, 3 at 1.0, 1.2, 1.5."""
    coefficients = {1: 10_000, 2: 12_000, 3: 15_000}
    return AccrualPolicy(
        version=version,
        effective_from=effective_from,
        rate_per_hour=rate,
        coefficients_bp={level: coefficients[level] for level in levels},
    )


def a_volunteer(volunteer: VolunteerId = VOLUNTEER, *, status: VolunteerStatus = VolunteerStatus.ACTIVE) -> Volunteer:
    """A volunteer called 张三."""
    return Volunteer(volunteer, status, "张*")


def a_till(
    terminal: TerminalId = TERMINAL,
    merchant: MerchantId = MERCHANT,
    *,
    disabled: bool = False,
    suspended: bool = False,
    monthly_points: int | None = None,
) -> Till:
    """A terminal in a store of a merchant."""
    quota = None if monthly_points is None else Points(monthly_points)
    return Till(terminal, StoreId(named("store", merchant)), merchant, disabled, suspended, quota, "总店")


def a_pay_code(
    volunteer: VolunteerId = VOLUNTEER,
    *,
    name: str = "code",
    expires_at: Instant = NOW + timedelta(seconds=60),
    used_by: RedemptionId | None = None,
) -> PayCode:
    """A pay code that is good for a minute from `NOW`."""
    return PayCode(code_hash(name), volunteer, expires_at, used_by)


def code_hash(*names: object) -> PayCodeHash:
    """The keyed hash of a pay code, as far as the core can tell."""
    return PayCodeHash(sha256(named(*names).bytes).digest())


def a_record(
    name: object = "record",
    *,
    volunteer: VolunteerId = VOLUNTEER,
    minutes: int = 60,
    level: int = 1,
    evidence: Evidence = Evidence.CHECKED_IN,
    state: RecordState = RecordState.ENTERED,
    ended_at: Instant = NOW - timedelta(days=1),
) -> ServiceRecord:
    """A service record that waits for its verification."""
    return ServiceRecord(
        id=RecordId(named("record", name)),
        state=state,
        volunteer=volunteer,
        team=TeamId(named("team")),
        evidence=evidence,
        minutes=Minutes(minutes),
        level=level,
        started_at=ended_at - timedelta(minutes=minutes),
        ended_at=ended_at,
        recorder=RECORDER,
    )


def a_redemption(
    lots: Iterable[tuple[date, int]] = ((date(2028, 12, 31), 100),),
    *,
    fen: int = 300,
    state: RedemptionState = RedemptionState.SUCCESS,
    occurred_at: Instant = NOW,
    fund: FundId | None = FUND,
) -> Redemption:
    """A redemption as it was stored; a book with it needs the merchant's balances (`a_book(redemptions=…)`)."""
    parts = tuple(LotPart(expires_on, Points(points)) for expires_on, points in lots)
    return Redemption(
        id=RedemptionId(named("redemption")),
        trade_no=TradeNo("20260302-0001"),
        state=state,
        volunteer=VOLUNTEER,
        merchant=MERCHANT,
        store=StoreId(named("store", MERCHANT)),
        terminal=TERMINAL,
        points=Points(sum(part.points for part in parts)),
        settlement_fen=Fen(fen),
        occurred_at=occurred_at,
        transaction=TransactionId(named("paid")),
        lots=parts,
        fund=fund,
    )


EVERYBODY = Gates()


def an_offer(
    name: object = "offer",
    *,
    merchant: MerchantId = MERCHANT,
    points: int = 20,
    state: OfferState = OfferState.PUBLISHED,
    face_value_fen: int = 0,
    funds: tuple[FundId, ...] = (),
    limits: Iterable[tuple[LimitPeriod, int]] = (),
    gates: Gates = EVERYBODY,
    starts_at: Instant | None = None,
    ends_at: Instant | None = None,
    voucher_days: int = 30,
    voucher_until: date | None = None,
    final_sale: bool = False,
) -> Offer:
    """An offer of a merchant: donated, or reimbursed by funds when any is named."""
    return Offer(
        id=OfferId(named("offer", name)),
        merchant=merchant,
        version=1,
        state=state,
        points=Points(points),
        funding=Funding.FUND_REIMBURSED if funds else Funding.MERCHANT_DONATED,
        face_value_fen=Fen(face_value_fen),
        funds=funds,
        limits=tuple(Limit(period, count) for period, count in limits),
        gates=gates,
        starts_at=starts_at,
        ends_at=ends_at,
        voucher_days=voucher_days,
        voucher_until=voucher_until,
        final_sale=final_sale,
    )


def a_book(
    programme: Programme | None = None,
    *,
    points: int | Iterable[tuple[date, int]] = 0,
    fund_fen: int = 100_000,
    volunteer: Volunteer | None = None,
    till: Till | None = None,
    pay_codes: Iterable[PayCode] = (),
    records: Iterable[ServiceRecord] = (),
    redemptions: Iterable[Redemption] = (),
    policies: tuple[AccrualPolicy, ...] | None = None,
    offers: Iterable[Offer] = (),
    stock: int | None = None,
    minutes: int = 0,
    monthly_points: int | None = None,
) -> Book:
    """A book of one volunteer with points (never expiring, or by lot), one merchant with a till, and a fund."""
    lots = [(NEVER, points)] if isinstance(points, int) else list(points)
    person = volunteer or a_volunteer()
    counter = till or a_till()
    quota = None if monthly_points is None else Points(monthly_points)
    paid = list(redemptions)
    listed = list(offers)
    entered = list(records)
    hours = {AccountKey(AccountKind.HOURS, person.id): minutes} if minutes else {}
    return Book(
        programme=programme or a_programme(),
        policies=(a_policy(),) if policies is None else policies,
        accounts={
            NOBODY: {},
            person.id: {lot(AccountKind.WALLET, person.id, day): held for day, held in lots if held} | hours,
            counter.merchant: {
                AccountKey(AccountKind.REDEEMED, counter.merchant): sum(each.points for each in paid),
                AccountKey(AccountKind.PAYABLE, counter.merchant): sum(each.settlement_fen for each in paid),
            },
            FUND: {AccountKey(AccountKind.FUND, FUND): fund_fen},
        },
        volunteers={person.id: person},
        pay_codes={code.hash: code for code in pay_codes},
        tills={counter.terminal: counter},
        redemptions={each.id: each for each in paid},
        sales={each.sale: each.id for each in paid},
        spent={person.id: {}},
        merchants={counter.merchant: replace(counter.partner, monthly_points=quota)},
        offers={offer.id: offer for offer in listed},
        stocks={offer.id: Stock(offer.id, stock, 0) for offer in listed},
        tallies={person.id: {}, counter.merchant: {}},
        records={record.id: record for record in entered},
        overlaid={record.id: None for record in entered},
    )


def wallet_of(book: Book, volunteer: VolunteerId = VOLUNTEER) -> dict[date, int]:
    """What each lot of a volunteer's wallet holds, lots that hold nothing left out."""
    return {part.expires_on: part.points for part in book.lots(AccountKind.WALLET, volunteer)}
