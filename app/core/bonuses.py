"""Bonuses (奖励积分): points beside the hours, for an honour, for bringing somebody in, for beginning.

What a bonus is for is its cause: an honour, or a volunteer who was referred or registered. Each cause is settled once,
by the policy in force on its day; a row says so for ever, even where the policy gives nothing.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import NamedTuple, assert_never
from uuid import UUID

from app.core.honours import HonourLevel
from app.core.ids import BonusId, TransactionId, VolunteerId
from app.core.policies import AccrualPolicy
from app.core.quantities import Points
from app.core.transactions import Reason


class BonusKind(StrEnum):
    """What a bonus is for; those withdrawn take one back."""

    START = "start-grant"
    REFERRAL = "referral-bonus"
    HONOUR = "honour-bonus"
    HONOUR_WITHDRAWN = "honour-withdrawn"
    REFERRAL_WITHDRAWN = "referral-withdrawn"


TAKES_BACK = frozenset((BonusKind.HONOUR_WITHDRAWN, BonusKind.REFERRAL_WITHDRAWN))
REASONS = {kind: Reason(kind.value) for kind in BonusKind}
"""Why the journal says that a bonus was posted."""


class BonusKey(NamedTuple):
    """What is settled once: a kind of bonus for one cause."""

    kind: BonusKind
    cause: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class Bonus:
    """How a cause was settled: for whom, by which policy, how many points, and the transaction if there are any.

    `points` of one that takes another back are what it takes. `level` is that of the honour.
    """

    id: BonusId
    kind: BonusKind
    cause: UUID
    volunteer: VolunteerId
    day: date
    points: Points
    policy: str = ""
    level: HonourLevel | None = None
    expires_on: date | None = None
    """The last day of the lot that it went into."""
    transaction: TransactionId | None = None
    revokes: BonusId | None = None

    @property
    def key(self) -> BonusKey:
        """What it settles."""
        return BonusKey(self.kind, self.cause)


def policy_of_day(policies: Iterable[AccrualPolicy], day: date) -> AccrualPolicy | None:
    """The policy in force on a day, whatever levels of activity it prices; None when there is none yet."""
    in_force = [policy for policy in policies if policy.effective_from <= day]
    return max(in_force, key=lambda policy: (policy.effective_from, policy.version), default=None)


def brings_start_grant(policies: Iterable[AccrualPolicy], day: date) -> bool:
    """Whether a registration of a day brings a grant: only by a policy that was in force on it.

    So the registrations of an older system, which no policy here had promised anything, bring nothing.
    """
    policy = policy_of_day(policies, day)
    return policy is not None and policy.bonuses.start_grant > 0


def points_for(policy: AccrualPolicy, kind: BonusKind, level: HonourLevel | None) -> Points:
    """What a policy gives for a cause. One that takes back gives nothing."""
    bonuses = policy.bonuses
    match kind:
        case BonusKind.START:
            return Points(bonuses.start_grant)
        case BonusKind.REFERRAL:
            return Points(bonuses.referral)
        case BonusKind.HONOUR:
            return Points(bonuses.honour.get(level, 0) if level else 0)
        case BonusKind.HONOUR_WITHDRAWN | BonusKind.REFERRAL_WITHDRAWN:
            return Points(0)
        case unreachable:
            assert_never(unreachable)


_LEVELS = {
    HonourLevel.NATIONAL: ("国家级", "national"),
    HonourLevel.PROVINCIAL: ("省级", "provincial"),
    HonourLevel.CITY: ("市级", "city"),
    HonourLevel.COUNTY: ("县级", "county"),
    HonourLevel.OTHER: ("其他", "other"),
}
_SENTENCES = {
    BonusKind.START: ("注册启动积分", "start grant"),
    BonusKind.REFERRAL: ("推荐的新志愿者首次服务已审核，推荐奖励", "first verified service of a volunteer referred"),
    BonusKind.HONOUR: ("{level}荣誉奖励", "honour of {level} level"),
    BonusKind.HONOUR_WITHDRAWN: ("{level}荣誉已撤销，收回奖励", "honour of {level} level withdrawn"),
    BonusKind.REFERRAL_WITHDRAWN: (
        "推荐的新志愿者的服务记录已撤销，收回推荐奖励",
        "the service of a volunteer referred was withdrawn",
    ),
}


def tell_bonus(bonus: Bonus, *, english: bool) -> str:
    """A bonus as one sentence: 市级荣誉奖励 + 50 分（规则 2026-1）."""
    level = _LEVELS[bonus.level][english] if bonus.level else ""
    words = _SENTENCES[bonus.kind][english].format(level=level)
    sign = "−" if bonus.kind in TAKES_BACK else "+"
    if english:
        return f"{words} {sign} {bonus.points} points" + (f" (policy {bonus.policy})" if bonus.policy else "")
    return f"{words} {sign} {bonus.points} 分" + (f"（规则 {bonus.policy}）" if bonus.policy else "")
