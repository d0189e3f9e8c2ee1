"""The property of case 20 is trusted because it catches bugs: each planted one, and each need left out."""

from dataclasses import fields, replace
from typing import get_args

import pytest

from app.core.bonus_grants import GrantBonus
from app.core.bonus_revocations import RevokeHonourBonus, RevokeReferralBonus
from app.core.book import Needs
from app.core.claims import ClaimPlace, ReleasePlace
from app.core.claw_backs import ClawBack
from app.core.commands import Command
from app.core.confirmations import CloseRedemption, ConfirmRedemption, DeclineRedemption
from app.core.corrections import CorrectRecord
from app.core.donations import DepositFund, DonatePoints
from app.core.draws import DrawLots
from app.core.grants import ApproveGrant
from app.core.imports import ImportRecord
from app.core.lot_life import ExpireLots, MatureRecord
from app.core.opening_balances import OpenBalance
from app.core.orders import CancelOrder, ExpireOrder, PlaceOrder, SetStock
from app.core.pay_codes import IssuePayCode
from app.core.penalising import LiftPenalty, Penalise
from app.core.pool import CancelPoolGrant, GrantFromPool
from app.core.quantities import BrokenInvariant
from app.core.redemptions import Redeem
from app.core.refunds import RefundRedemption, ReverseRedemption
from app.core.revocations import RevokeGrant
from app.core.round_ends import CloseRound, EnlargeRound
from app.core.service_records import RejectRecord, VerifyRecord
from app.core.tickets import Attend
from app.core.vouchers import ReturnVoucher, UseVoucher
from tests.core.conservation import FIXED_HISTORIES, check_fixed_histories, live_one_by_one
from tests.core.planted_bugs import BUGS, Bug
from tests.core.planted_gift_bugs import GIFT_BUGS
from tests.core.planted_reward_bugs import REWARD_BUGS
from tests.core.planted_seat_bugs import SEAT_BUGS

NEEDS: list[tuple[type[Command], str]] = [
    (Redeem, "pay_codes"),
    (Redeem, "terminals"),
    (Redeem, "offers"),
    (ConfirmRedemption, "redemptions"),
    (DeclineRedemption, "redemptions"),
    (CloseRedemption, "redemptions"),
    (IssuePayCode, "pay_codes"),
    (IssuePayCode, "volunteers"),
    (VerifyRecord, "policies"),
    (VerifyRecord, "records"),
    (RejectRecord, "records"),
    (RefundRedemption, "sales"),
    (RefundRedemption, "terminals"),
    (ReverseRedemption, "sales"),
    (ReverseRedemption, "terminals"),
    (PlaceOrder, "volunteers"),
    (PlaceOrder, "offers"),
    (PlaceOrder, "family"),
    (CancelOrder, "orders"),
    (ExpireOrder, "orders"),
    (UseVoucher, "vouchers"),
    (UseVoucher, "terminals"),
    (ReturnVoucher, "vouchers"),
    (ReturnVoucher, "terminals"),
    (SetStock, "offers"),
    (MatureRecord, "records"),
    (ExpireLots, "volunteers"),
    (ClawBack, "records"),
    (ClawBack, "accruals"),
    (ClawBack, "takes"),
    (CorrectRecord, "records"),
    (CorrectRecord, "accruals"),
    (CorrectRecord, "repriced"),
    (CorrectRecord, "takes"),
    (CorrectRecord, "policies"),
    (DonatePoints, "volunteers"),
    (GrantFromPool, "pool_grants"),
    (GrantFromPool, "volunteers"),
    (CancelPoolGrant, "pool_grants"),
    (IssuePayCode, "family"),
    (DepositFund, "owners"),
    (GrantBonus, "bonuses"),
    (GrantBonus, "policies"),
    (GrantBonus, "volunteers"),
    (RevokeHonourBonus, "bonuses"),
    (RevokeHonourBonus, "volunteers"),
    (RevokeReferralBonus, "bonuses"),
    (RevokeReferralBonus, "records"),
    (RevokeReferralBonus, "volunteers"),
    (Penalise, "penalties"),
    (LiftPenalty, "penalties"),
    (GrantFromPool, "policies"),
    (OpenBalance, "openings"),
    (OpenBalance, "volunteers"),
    (ImportRecord, "arrivals"),
    (ImportRecord, "owners"),
    (ImportRecord, "policies"),
    (ClaimPlace, "volunteers"),
    (ClaimPlace, "seating"),
    (ReleasePlace, "seating"),
    (DrawLots, "seating"),
    (Attend, "seating"),
    (EnlargeRound, "seating"),
    (CloseRound, "seating"),
    (ApproveGrant, "volunteers"),
    (ApproveGrant, "seating"),
    (RevokeGrant, "seating"),
]


def test_the_fixed_histories_conserve() -> None:
    """The histories that find the planted bugs find nothing in the core as it is."""
    check_fixed_histories()


@pytest.mark.parametrize("bug", [*BUGS, *REWARD_BUGS, *GIFT_BUGS, *SEAT_BUGS], ids=lambda bug: bug.name)
def test_the_property_catches_a_planted_bug(bug: Bug, monkeypatch: pytest.MonkeyPatch) -> None:
    """A bug planted in the core fails the property on the fixed histories."""
    bug.plant(monkeypatch)
    with pytest.raises(bug.caught_as):
        check_fixed_histories()


@pytest.mark.parametrize("command, need", NEEDS, ids=[f"{command.__name__}.{need}" for command, need in NEEDS])
def test_a_need_left_out_is_noticed(command: type[Command], need: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A command that forgets one of its needs fails the property, since nothing else is in its book."""
    right = command.needs
    nothing = getattr(Needs(), need)
    monkeypatch.setattr(command, "needs", lambda self: replace(right(self), **{need: nothing}))
    with pytest.raises((AssertionError, BrokenInvariant, KeyError)):
        check_fixed_histories()


def test_every_need_is_left_out_once() -> None:
    """The table above names each need that any command has."""
    lives = [live_one_by_one(programme, steps) for programme, steps in FIXED_HISTORIES]
    commands = [command for _, moments, _ in lives for moment in moments for command in moment.commands]
    used = {
        (type(command), field.name)
        for command in commands
        for field in fields(Needs)
        if getattr(command.needs(), field.name)
    }
    assert {type(command) for command in commands} == set(get_args(Command))
    assert used == set(NEEDS)
