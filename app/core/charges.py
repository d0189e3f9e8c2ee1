"""Charges: what a redemption or an order takes from a volunteer for a merchant, and its way through the ledger.

Points go wallet -> held -> redeemed, or at once; money goes fund -> committed -> payable beside them. Held points
are in accounts of their own, so they cannot be spent or held again. Pure functions that make transfers.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import assert_never

from app.core.accounts import AccountKey, AccountKind, lot
from app.core.book import Book
from app.core.ids import FundId, MerchantId, VolunteerId
from app.core.lots import move_lots
from app.core.programmes import LapsePolicy
from app.core.quantities import Fen, Instant
from app.core.rows import LotPart, Order, Redemption
from app.core.transactions import Transfer


@dataclass(frozen=True, slots=True)
class Charge:
    """Whose points of which lots, for which merchant, and what which fund owes for them."""

    volunteer: VolunteerId
    merchant: MerchantId
    lots: tuple[LotPart, ...]
    fund: FundId | None
    fen: Fen


def charge_of(row: Redemption | Order) -> Charge:
    """The charge behind a redemption or an order."""
    return Charge(row.volunteer, row.merchant, row.lots, row.fund, row.settlement_fen)


def _money(charge: Charge, source: AccountKind, target: AccountKind) -> tuple[Transfer, ...]:
    if charge.fund is None or charge.fen == 0:
        return ()

    def account(kind: AccountKind) -> AccountKey:
        return AccountKey(kind, charge.merchant if kind is AccountKind.PAYABLE else charge.fund or charge.merchant)

    return (Transfer(account(source), account(target), charge.fen),)


def pay(charge: Charge) -> tuple[Transfer, ...]:
    """Take at once: the points are the merchant's, the money is owed."""
    redeemed = AccountKey(AccountKind.REDEEMED, charge.merchant)
    return (
        *move_lots(charge.lots, charge.volunteer, AccountKind.WALLET, redeemed),
        *_money(charge, AccountKind.FUND, AccountKind.PAYABLE),
    )


def hold(charge: Charge) -> tuple[Transfer, ...]:
    """Set aside."""
    return (
        *move_lots(charge.lots, charge.volunteer, AccountKind.WALLET, AccountKind.HELD),
        *_money(charge, AccountKind.FUND, AccountKind.COMMITTED),
    )


def capture(charge: Charge) -> tuple[Transfer, ...]:
    """What was set aside becomes the merchant's."""
    redeemed = AccountKey(AccountKind.REDEEMED, charge.merchant)
    return (
        *move_lots(charge.lots, charge.volunteer, AccountKind.HELD, redeemed),
        *_money(charge, AccountKind.COMMITTED, AccountKind.PAYABLE),
    )


def uncapture(charge: Charge) -> tuple[Transfer, ...]:
    """A voucher that was used by mistake: what the merchant got is set aside again."""
    redeemed = AccountKey(AccountKind.REDEEMED, charge.merchant)
    return (
        *(
            Transfer(redeemed, lot(AccountKind.HELD, charge.volunteer, part.expires_on), part.points)
            for part in charge.lots
        ),
        *_money(charge, AccountKind.PAYABLE, AccountKind.COMMITTED),
    )


def release(charge: Charge) -> tuple[Transfer, ...]:
    """Back to the very lots, whatever their day: ordering never makes points live longer."""
    return (
        *move_lots(charge.lots, charge.volunteer, AccountKind.HELD, AccountKind.WALLET),
        *_money(charge, AccountKind.COMMITTED, AccountKind.FUND),
    )


def release_kindly(charge: Charge, book: Book, at: Instant) -> tuple[Transfer, ...]:
    """Back to the lots, lots past their day by the lapse policy: when the volunteer is not who ended it."""
    moved = give_back(charge.lots, charge.volunteer, lambda part: _held(charge, part), book, at)
    return (*moved, *_money(charge, AccountKind.COMMITTED, AccountKind.FUND))


def give_back(
    parts: Iterable[LotPart],
    volunteer: VolunteerId,
    source: Callable[[LotPart], AccountKey],
    book: Book,
    at: Instant,
) -> Iterator[Transfer]:
    """Points on their way home; a lot that has expired meanwhile follows the programme's policy."""
    breakage = AccountKey(AccountKind.BREAKAGE)
    today = book.programme.business_day(at)
    for part in parts:
        home = lot(AccountKind.WALLET, volunteer, part.expires_on)
        if part.expires_on >= today:
            yield Transfer(source(part), home, part.points)
            continue
        match book.programme.lapse_policy:
            case LapsePolicy.FORFEIT:
                yield Transfer(source(part), breakage, part.points)
            case LapsePolicy.ORIGINAL:
                yield Transfer(source(part), home, part.points)
                yield Transfer(home, breakage, part.points)
            case LapsePolicy.GRACE:
                grace = lot(AccountKind.WALLET, volunteer, book.programme.grace_expiry(at))
                yield Transfer(source(part), grace, part.points)
            case unreachable:
                assert_never(unreachable)


def _held(charge: Charge, part: LotPart) -> AccountKey:
    return lot(AccountKind.HELD, charge.volunteer, part.expires_on)


def return_redeemed(redemption: Redemption, parts: Iterable[LotPart], book: Book, at: Instant) -> tuple[Transfer, ...]:
    """Points that a merchant gives back, to the lots they came from (POS.md, "Giving back")."""
    redeemed = AccountKey(AccountKind.REDEEMED, redemption.merchant)
    return tuple(give_back(parts, redemption.volunteer, lambda _part: redeemed, book, at))


def return_money(redemption: Redemption, fen: Fen) -> tuple[Transfer, ...]:
    """Money that is owed no longer, back to the fund it was owed from."""
    if redemption.fund is None or fen == 0:
        return ()
    payable = AccountKey(AccountKind.PAYABLE, redemption.merchant)
    return (Transfer(payable, AccountKey(AccountKind.FUND, redemption.fund), fen),)
