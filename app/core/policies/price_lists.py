"""Price lists: what plain policies have priced before. Of millions of records few differ in what a plain policy reads.

A policy is plain when its price depends on nothing but minutes, level, category and role: not on the day, not on the
place, not on what was served before. Others are priced each time. Pure, and not more than a memory of `price`.
"""

from dataclasses import dataclass, field

from app.core.policies.model import AccrualPolicy
from app.core.policies.pricing import Priced, price
from app.core.policies.service import Service, Standing

REMEMBERED_MAX = 100_000

_Form = tuple[str, int, int, str, bool]


@dataclass(slots=True)
class PriceList:
    """Prices of the published policies of one programme: a version says what the policy is."""

    _plain: dict[str, bool] = field(default_factory=dict)
    _prices: dict[_Form, Priced] = field(default_factory=dict)

    def __len__(self) -> int:
        """How many prices are remembered."""
        return len(self._prices)

    def price(self, policy: AccrualPolicy, service: Service, standing: Standing) -> Priced:
        """What `pricing.price` gives."""
        version = policy.version
        plain = self._plain.get(version)
        if plain is None:
            self._plain[version] = plain = not (policy.needs_standing or policy.windows or policy.overlays)
        if not plain:
            return price(policy, service, standing)
        form = (version, service.minutes, service.level, service.category, service.organiser)
        found = self._prices.get(form)
        if found is None:
            if len(self._prices) >= REMEMBERED_MAX:
                self._prices.clear()
            self._prices[form] = found = price(policy, service, standing)
        return found
