"""What is missing, in Chinese and English, to the minute: nothing is rounded in favour of either side."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from app.core.benefits.facts import VARIABLES
from app.core.benefits.model import Criterion, Operator, Value
from app.core.benefits.results import Missing

HOUR_MINUTES = 60


class Told(NamedTuple):
    """One sentence in both languages."""

    zh: str
    en: str


_RANKS = {0: Told("无", "none"), 1: Told("其他", "any"), 2: Told("县级", "county"), 3: Told("市级", "city")}
_RANKS |= {4: Told("省级", "provincial"), 5: Told("国家级", "national")}
RANKS: Mapping[int, Told] = MappingProxyType(_RANKS)
"""The levels of honours by their number."""

_UNITS = {
    "star": Told("星", "star"),
    "time": Told("次", "time"),
    "year": Told("岁", "year"),
    "month": Told("个月", "month"),
}
UNITS: Mapping[str, Told] = MappingProxyType(_UNITS)
"""Units that are counted in ones; minutes are told in hours."""


def tell_minutes(minutes: int) -> Told:
    """So many minutes as hours and minutes: `37 小时`, `36 hours 10 minutes`."""
    hours, rest = divmod(minutes, HOUR_MINUTES)
    zh = [f"{hours} 小时"] if hours else []
    en = [_count(hours, "hour")] if hours else []
    if rest or not hours:
        zh.append(f"{rest} 分钟")
        en.append(_count(rest, "minute"))
    return Told(" ".join(zh), " ".join(en))


def _count(number: int, unit: str) -> str:
    return f"{number} {unit}" if number == 1 else f"{number} {unit}s"


def _tell_amount(unit: str, amount: int) -> Told:
    if unit == "minute":
        return tell_minutes(amount)
    zh, en = UNITS[unit]
    return Told(f"{amount} {zh}", _count(amount, en))


def tell_missing(missing: tuple[Missing, ...]) -> Told:
    """The ways to meet a criterion, any one of which is enough."""
    told = [_tell(one) for one in missing]
    return Told("；或".join(one.zh for one in told), "; or ".join(one.en for one in told))


def _tell(missing: Missing) -> Told:
    required = missing.required
    variable = VARIABLES[required.fact]
    if missing.actual is None:
        return Told(f"{variable.name}未登记", f"{variable.name_en}: not on record")
    if missing.amount is None:
        return _tell_other(required.operator, variable.name, variable.name_en, required.value)
    if variable.unit == "level":
        rank = RANKS.get(int(required.value), Told(str(required.value), str(required.value)))
        return Told(
            f"{variable.name}须为{rank.zh}{_BOUNDS_ZH[required.operator]}", _rank_en(required.operator, rank.en)
        )
    zh, en = _tell_amount(variable.unit, abs(missing.amount))
    if missing.amount > 0:
        why = _tell_stars(missing)
        return Told(f"{variable.name}还差 {zh}{why.zh}", f"{variable.name_en}: {en} short{why.en}")
    return Told(f"{variable.name}超出 {zh}", f"{variable.name_en}: {en} too many")


def _tell_stars(missing: Missing) -> Told:
    """What stars are missing for: hours, or the evaluations of those that there are."""
    if missing.by_quality:
        return Told("（服务评价未达到要求）", " (evaluations are below what is asked for)")
    if missing.minutes is None:
        return Told("", "")
    zh, en = tell_minutes(missing.minutes)
    return Told(f"（服务时长还差 {zh}）", f" ({en} of service)")


_BOUNDS_ZH = {Operator.AT_LEAST: "及以上", Operator.AT_MOST: "及以下", Operator.IS: "", Operator.WITHIN: ""}


def _rank_en(operator: Operator, rank: str) -> str:
    bound = {Operator.AT_LEAST: " or higher", Operator.AT_MOST: " or lower"}.get(operator, "")
    return f"highest honour: {rank}{bound} is required"


def _tell_other(operator: Operator, name: str, name_en: str, value: Value) -> Told:
    if operator is Operator.WITHIN:
        return Told(f"{name}须在 {value} 范围内", f"{name_en}: must lie within {value}")
    if isinstance(value, bool):
        return Told(f"{name}：须为“{'是' if value else '否'}”", f"{name_en}: must be {'yes' if value else 'no'}")
    return Told(f"{name}须为 {value}", f"{name_en}: must be {value}")


def tell_remedy(criterion: Criterion, named: tuple[str, ...], variables: Mapping[str, Value]) -> Told:
    """What would meet a criterion without requirements, and which of its facts nobody knows."""
    unknown = [VARIABLES[name] for name in named if name not in variables]
    zh = "".join(f"{variable.name}未登记；" for variable in unknown)
    en = "".join(f"{variable.name_en}: not on record; " for variable in unknown)
    return Told(f"{zh}{criterion.remedy}", f"{en}{criterion.remedy_en}")
