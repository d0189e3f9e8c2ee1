"""Gifts: a volunteer's points to the programme's pool, a sponsor's money to a fund."""

from dataclasses import dataclass

from app.core.accounts import AccountKey, AccountKind
from app.core.book import Accepted, Book, Decision, Needs
from app.core.codes import Code, Rejected
from app.core.ids import FundId, TransactionId, VolunteerId, format_id
from app.core.lots import move_lots, take
from app.core.quantities import Fen, Instant, Points
from app.core.transactions import Reason, Transaction, TransactionKind, Transfer
from app.core.volunteers import VolunteerStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class DonatePoints:
    """A volunteer gives points to the pool."""

    volunteer: VolunteerId
    transaction: TransactionId
    points: Points

    def needs(self) -> Needs:
        """What must be in the book before this can be decided."""
        return Needs(volunteers=frozenset((self.volunteer,)))


@dataclass(frozen=True, slots=True, kw_only=True)
class DepositFund:
    """A sponsor's money arrives in a fund. The shell has checked that the fund exists."""

    fund: FundId
    transaction: TransactionId
    fen: Fen
    received_at: Instant
    actor: str

    def needs(self) -> Needs:
        """What must be in the book before this can be decided."""
        return Needs(owners=frozenset((self.fund,)))


def decide_donate_points(command: DonatePoints, book: Book, at: Instant) -> Decision:
    """Decide a gift of points: an active volunteer's spendable lots, the one that expires first in front."""
    volunteer = book.volunteers[command.volunteer]
    if volunteer is None or volunteer.status is not VolunteerStatus.ACTIVE:
        return Rejected(Code.ACCOUNT_FROZEN)
    today = book.programme.business_day(at)
    available = book.available(command.volunteer, today)
    if available < command.points:
        return Rejected(Code.NOT_ENOUGH, {"available": available})
    taken = take(book.spendable(command.volunteer, today), command.points)
    return Accepted(
        transaction=Transaction(
            id=command.transaction,
            kind=TransactionKind.DONATE,
            actor=format_id("vol", command.volunteer),
            reason=Reason.GIVEN_TO_POOL,
            occurred_at=at,
            transfers=move_lots(taken, command.volunteer, AccountKind.WALLET, AccountKey(AccountKind.POOL)),
            document=format_id("vol", command.volunteer),
        ),
        answer={"points": command.points},
    )


def decide_deposit_fund(command: DepositFund, at: Instant) -> Decision:
    """Decide a deposit: money received in the past or now, never in the future."""
    if command.received_at > at:
        return Rejected(Code.PARAM_ERROR, {"received_at": "future"})
    donations = AccountKey(AccountKind.DONATIONS, command.fund)
    return Accepted(
        transaction=Transaction(
            id=command.transaction,
            kind=TransactionKind.DEPOSIT,
            actor=command.actor,
            reason=Reason.SPONSOR_DONATION,
            occurred_at=command.received_at,
            transfers=(Transfer(donations, AccountKey(AccountKind.FUND, command.fund), command.fen),),
            document=format_id("fun", command.fund),
        ),
        answer={"transaction": format_id("txn", command.transaction), "amount_fen": command.fen},
    )
