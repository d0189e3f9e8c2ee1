"""Bugs to plant where bonuses and penalties are decided: the property of case 20 has to catch each."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date

import pytest

from app.core import bonus_grants, bonus_revocations, penalising
from app.core.accounts import AccountKey, AccountKind, lot
from app.core.bonuses import Bonus
from app.core.book import Book
from app.core.claw_backs import take_from
from app.core.codes import Rejected
from app.core.ids import VolunteerId
from app.core.penalties import Penalty, PenaltyState, PenaltyStep, move
from app.core.policies import AccrualPolicy
from app.core.quantities import BrokenInvariant, Points
from app.core.rows import Row, Tally
from app.core.transactions import Transfer
from tests.core.planted_bugs import Bug


def _bonus_forgets_the_debt(patch: pytest.MonkeyPatch) -> None:
    def wrong(volunteer: VolunteerId, points: Points, expires_on: date, _book: Book) -> tuple[Transfer, ...]:
        home = lot(AccountKind.WALLET, volunteer, expires_on)
        return (Transfer(AccountKey(AccountKind.ISSUANCE), home, points),)

    patch.setattr(bonus_grants, "credit_points", wrong)


def _penalty_is_forgiven_where_nothing_is_left(patch: pytest.MonkeyPatch) -> None:
    def wrong(volunteer: VolunteerId, points: Points, book: Book, today: date) -> tuple[Transfer, ...]:
        transfers = take_from(volunteer, points, book, today)
        return tuple(each for each in transfers if each.debit.kind is not AccountKind.DEBT) or transfers

    patch.setattr(penalising, "take_from", wrong)


def _penalty_is_all_debt(patch: pytest.MonkeyPatch) -> None:
    def wrong(volunteer: VolunteerId, points: Points, _book: Book, _today: date) -> tuple[Transfer, ...]:
        return (Transfer(AccountKey(AccountKind.DEBT, volunteer), AccountKey(AccountKind.ISSUANCE), points),)

    patch.setattr(penalising, "take_from", wrong)


def _penalty_is_posted_again(patch: pytest.MonkeyPatch) -> None:
    def wrong(state: PenaltyState, step: PenaltyStep) -> PenaltyState | Rejected:
        return PenaltyState.POSTED if state is PenaltyState.POSTED else move(state, step)

    patch.setattr(penalising, "move", wrong)


def _lifting_gives_nothing_back(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(penalising, "credit_points", lambda person, _points, day, book: _one(person, day, book))


def _one(volunteer: VolunteerId, expires_on: date, _book: Book) -> tuple[Transfer, ...]:
    return (Transfer(AccountKey(AccountKind.ISSUANCE), lot(AccountKind.WALLET, volunteer, expires_on), 1),)


def _referrals_are_not_counted(patch: pytest.MonkeyPatch) -> None:
    right = bonus_grants._count

    def wrong(command: bonus_grants.GrantBonus, book: Book) -> Tally:
        counted = right(command, book)
        return replace(counted, amount=counted.amount - 1)

    patch.setattr(bonus_grants, "_count", wrong)


def _referrals_have_no_end(patch: pytest.MonkeyPatch) -> None:
    def never(_command: bonus_grants.GrantBonus, _policy: AccrualPolicy, _book: Book) -> bool:
        return False

    patch.setattr(bonus_grants, "_is_full", never)


def _taking_back_takes_one_less(patch: pytest.MonkeyPatch) -> None:
    def wrong(volunteer: VolunteerId, points: Points, book: Book, today: date, *, first: date | None) -> object:
        return take_from(volunteer, Points(points - 1), book, today, first=first)

    patch.setattr(bonus_revocations, "take_from", wrong)


def _forgets(kind: type[Row]) -> Callable[[pytest.MonkeyPatch], None]:
    def plant(patch: pytest.MonkeyPatch) -> None:
        right = Book._put
        patch.setattr(Book, "_put", lambda book, row: None if isinstance(row, kind) else right(book, row))

    return plant


REWARD_BUGS = (
    Bug("taking a bonus back takes one less", _taking_back_takes_one_less),
    Bug("a bonus forgets the debt", _bonus_forgets_the_debt),
    Bug("a penalty is forgiven where nothing is left", _penalty_is_forgiven_where_nothing_is_left),
    Bug("a penalty takes no lot", _penalty_is_all_debt),
    Bug("a posted penalty is posted again", _penalty_is_posted_again),
    Bug("a lifted penalty gives too little back", _lifting_gives_nothing_back),
    Bug("a referral is not counted", _referrals_are_not_counted),
    Bug("referrals have no end", _referrals_have_no_end),
    Bug("a batch forgets that a cause was settled", _forgets(Bonus), (AssertionError, BrokenInvariant)),
    Bug("a batch forgets that a penalty was posted", _forgets(Penalty), (AssertionError, BrokenInvariant)),
)
