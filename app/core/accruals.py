"""Accruals (积分入账): what a verified record was priced from, kept so that it can be explained for ever."""

from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from app.core.ids import RecordId, VolunteerId
from app.core.policies.service import Service, Standing
from app.core.policies.steps import Step
from app.core.quantities import Minutes, Points


@dataclass(frozen=True, slots=True, kw_only=True)
class Accrual:
    """The policy version, the facts and the standing that priced a record, its points, and the steps to them."""

    record: RecordId
    volunteer: VolunteerId
    policy: str
    service: Service
    standing: Standing
    counted: Minutes
    points: Points
    steps: tuple[Step, ...]
    overlay_region: str = ""
    overlay_points: Points = Points(0)


class Earned(NamedTuple):
    """What a verified record counted for, as far as caps and scales look at it."""

    day: date
    activity: str
    minutes: Minutes
    points: Points


class Overlaid(NamedTuple):
    """What a record took of a town's budget: which town's, on which day, how many points."""

    region_code: str
    day: date
    points: Points

    @classmethod
    def of(cls, accrual: Accrual) -> "Overlaid | None":
        """That of an accrual; None when it took nothing."""
        if not accrual.overlay_points:
            return None
        return cls(accrual.overlay_region, accrual.service.day, accrual.overlay_points)
