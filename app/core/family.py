"""Family use (家庭共用): a member spends the owner's points, where the programme allows it (DOMAIN.md 2.1, 2.4).

It is no transfer: the points go from the owner's wallet to the merchant, and redemption or order says who it was.
"""

from collections.abc import Iterator
from datetime import date

from app.core.book import Book
from app.core.codes import Code, Rejected
from app.core.family_links import GUARDED, FamilyKey, FamilyLinkState, Kinship
from app.core.ids import VolunteerId
from app.core.minors import CONSENT_AGE
from app.core.quantities import Instant, Points
from app.core.rows import Order, PayCode, Redemption, Tally, TallyKey
from app.core.volunteers import Volunteer, VolunteerStatus

_SCOPE = "family:"

FAMILY_OFF = Rejected(Code.NOT_ELIGIBLE, {"gate": "family_use", "required": "on", "actual": "off"})
"""The programme does not allow it: the default."""


def refuse_relation(kinship: Kinship, member: Volunteer, day: date) -> Rejected | None:
    """Why this member may not spend the owner's points; None when they may. Asked when it is accepted, and each time.

    Under 14 only a guardian's points: PIPL Art. 31 asks for the guardian's own consent, which the link then is.
    """
    if member.status is not VolunteerStatus.ACTIVE:
        return Rejected(Code.ACCOUNT_FROZEN, {"status": member.status.value})
    age = member.age_on(day)
    if age is not None and age < CONSENT_AGE and kinship not in GUARDED:
        return Rejected(Code.GUARDIAN_REQUIRED, {"age": age, "needed": "guardian"})
    return None


def refuse_member(owner: VolunteerId, member: VolunteerId, book: Book, at: Instant) -> Rejected | None:
    """Why a member gets no code for the owner's points now; None when one may be had."""
    if not book.programme.family_use:
        return FAMILY_OFF
    link, user = book.family[FamilyKey(owner, member)], book.volunteers[member]
    if link is None or link.state is not FamilyLinkState.ACTIVE or user is None:
        return Rejected(Code.NOT_FOUND)
    return refuse_relation(link.kinship, user, book.programme.business_day(at))


def family_obstacles(code: PayCode, points: Points, book: Book, at: Instant) -> Iterator[Rejected]:
    """What stands between a member's code and paying: a link that has ended since, the month's limit."""
    if code.member is None:
        return
    if refuse_member(code.volunteer, code.member, book, at):
        yield Rejected(Code.CODE_EXPIRED)
    if refused := refuse_month(code.volunteer, code.member, points, book, at):
        yield refused


def refuse_month(owner: VolunteerId, member: VolunteerId, points: Points, book: Book, at: Instant) -> Rejected | None:
    """What the owner's limit of the month says to so many points more; None where there is no limit, or enough left."""
    link = book.family[FamilyKey(owner, member)]
    if link is None or link.monthly_points is None:
        return None
    left = max(0, link.monthly_points - book.tally(spent_key(owner, member, book.programme.business_day(at))))
    if points <= left:
        return None
    return Rejected(Code.QUOTA_EXCEEDED, {"limit": "family", "period": "month", "left": left})


def spent_key(owner: VolunteerId, member: VolunteerId, day: date) -> TallyKey:
    """Where the points are counted that a member spends of an owner's in the month of a day."""
    return TallyKey(owner, f"{_SCOPE}{member.hex}", f"{day:%Y-%m}")


def count_member(row: Redemption | Order, points: int, book: Book) -> Iterator[Tally]:
    """Count what a member has spent, in the month in which it was; less than nothing when it is given back."""
    if row.member is not None:
        since = row.occurred_at if isinstance(row, Redemption) else row.ordered_at
        key = spent_key(row.volunteer, row.member, book.programme.business_day(since))
        yield Tally(key, max(0, book.tally(key) + points))
