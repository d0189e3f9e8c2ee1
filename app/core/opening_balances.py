"""Opening balances posted (期初余额入账): drafted by one person, approved by another, once for each number.

The points come with their own last day and repay a debt first, like any others. The minutes count as verified hours:
stars see them. They are no service record, so no certificate of this programme's organisers can speak for them
(ministry order 67: who organised the service records and certifies it).
"""

from dataclasses import dataclass
from datetime import date, datetime, time

from app.core.accounts import AccountKey, AccountKind
from app.core.book import Accepted, Book, Decision, Needs
from app.core.codes import Code, Rejected
from app.core.credits import credit_points
from app.core.ids import VolunteerId, format_id
from app.core.openings import Opening
from app.core.quantities import AMOUNT_MAX, Instant
from app.core.transactions import Reason, Transaction, TransactionKind, Transfer
from app.core.volunteers import VolunteerStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenBalance:
    """A balance of an older system is brought over."""

    opening: Opening
    approver_is: VolunteerId | None
    """The volunteer that whoever approves is, if any: nobody approves their own balance."""
    relatives: frozenset[VolunteerId] = frozenset()

    def needs(self) -> Needs:
        """What must be in the book before this can be decided."""
        return Needs(volunteers=frozenset((self.opening.volunteer,)), openings=frozenset((self.opening.number,)))


def refuse_figures(dated_on: date, points: int, minutes: int, expires_on: date | None, today: date) -> Rejected | None:
    """What cannot be a balance: of the future, of nothing, points without a last day or past it."""
    if dated_on > today:
        return Rejected(Code.PARAM_ERROR, {"field": "dated_on", "fault": "in-the-future"})
    if not (0 <= points <= AMOUNT_MAX and 0 <= minutes <= AMOUNT_MAX):
        return Rejected(Code.PARAM_ERROR, {"field": "points", "fault": "out-of-range"})
    if not points and not minutes:
        return Rejected(Code.PARAM_ERROR, {"field": "points", "fault": "nothing"})
    if bool(points) is (expires_on is None):
        return Rejected(Code.PARAM_ERROR, {"field": "expires_on", "fault": "with-points-only"})
    if expires_on and expires_on < max(today, dated_on):
        return Rejected(Code.LOT_EXPIRED, {"expires_on": expires_on.isoformat()})
    return None


def decide_open_balance(command: OpenBalance, book: Book, at: Instant) -> Decision:
    """Decide an opening balance. A number that is known with the same content adds nothing; with other it is refused.

    Then the first refusal of: no such volunteer, one who has left, four eyes, figures that cannot be, points past
    their last day.
    """
    opening = command.opening
    known = book.openings[opening.number]
    if known is not None:
        named = format_id("opn", known.id)
        if known.says_the_same(opening):
            return Accepted(answer={"opening_balance": named, "known": True})
        return Rejected(Code.EXTERNAL_NO_USED, {"opening_balance": named})
    volunteer = book.volunteers[opening.volunteer]
    if volunteer is None:
        return Rejected(Code.NOT_FOUND, {"field": "volunteer"})
    if volunteer.status is VolunteerStatus.LEFT:
        return Rejected(Code.STATE_CONFLICT, {"state": volunteer.status.value})
    if opening.drafted_by == opening.approved_by or opening.volunteer in {command.approver_is, *command.relatives}:
        return Rejected(Code.SELF_REVIEW)
    today = book.programme.business_day(at)
    if refusal := refuse_figures(opening.dated_on, opening.points, opening.minutes, opening.expires_on, today):
        return refusal
    return Accepted(
        transaction=Transaction(
            id=opening.transaction,
            kind=TransactionKind.OPEN,
            actor=format_id("usr", opening.approved_by),
            reason=Reason.OPENING_BALANCE,
            occurred_at=datetime.combine(opening.dated_on, time(), book.programme.zone),
            transfers=_credit(opening, book),
            document=format_id("opn", opening.id),
        ),
        rows=(opening,),
        answer={"opening_balance": format_id("opn", opening.id), "known": False},
    )


def _credit(opening: Opening, book: Book) -> tuple[Transfer, ...]:
    hours = AccountKey(AccountKind.HOURS, opening.volunteer)
    time_given = (Transfer(AccountKey(AccountKind.SERVICE), hours, opening.minutes),) if opening.minutes else ()
    if opening.expires_on is None:
        return time_given
    return (*time_given, *credit_points(opening.volunteer, opening.points, opening.expires_on, book))
