"""Accrual policies (积分规则) as data: how verified minutes become points. Pure.

`model` says what a policy holds, `pricing` turns the facts of a record into points and the steps that led there,
`scales` and `caps` are two of its parts, `expiry` says how long points live, `explaining` tells the steps as one
sentence. A published version is never edited; what it priced stays explained by it.
"""

from app.core.policies.expiry import Expiry, ExpiryKind
from app.core.policies.explaining import tell
from app.core.policies.model import (
    AccrualPolicy,
    Bonuses,
    Caps,
    Overlay,
    PenaltyRule,
    Rounding,
    Rule,
    Window,
    policy_on,
)
from app.core.policies.price_lists import PriceList
from app.core.policies.pricing import Priced, price
from app.core.policies.scales import Band, Scale, ScalePeriod
from app.core.policies.service import Service, Standing
from app.core.policies.steps import Step, StepKind

__all__ = [
    "AccrualPolicy",
    "Band",
    "Bonuses",
    "Caps",
    "Expiry",
    "ExpiryKind",
    "Overlay",
    "PenaltyRule",
    "PriceList",
    "Priced",
    "Rounding",
    "Rule",
    "Scale",
    "ScalePeriod",
    "Service",
    "Standing",
    "Step",
    "StepKind",
    "Window",
    "policy_on",
    "price",
    "tell",
]
