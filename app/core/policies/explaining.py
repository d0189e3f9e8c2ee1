"""Telling how a record became points, as one sentence in Chinese and English.

"3 小时 20 分 × 10 分/小时 × 1.2 = 40 分". Reads stored steps only, so it tells what was, whatever the rule is now.
"""

from collections.abc import Iterable, Sequence

from app.core.policies.model import BASIS
from app.core.policies.steps import COEFFICIENTS, Step, StepKind

_MINUTES_AN_HOUR = 60

_CAPS = {
    StepKind.CAP_ACTIVITY: ("单次活动", "this activity's"),
    StepKind.CAP_DAY: ("单日", "the day's"),
    StepKind.CAP_YEAR: ("年度", "the year's"),
}
_POINT_CAPS = {
    StepKind.CAP_DAY_POINTS: ("单日积分上限", "the day's limit"),
    StepKind.CAP_YEAR_POINTS: ("年度积分上限", "the year's limit"),
    StepKind.CAP_BALANCE: ("积分存储上限", "the limit of what may be stored"),
}
_NAMES = {StepKind.ORGANISER: ("组织者", "organiser")}
_EXTRAS = {
    StepKind.PER_SERVICE: ("每次服务", "each service"),
    StepKind.FIRST_SERVICE: ("首次服务奖励", "first service"),
}


def tell(steps: Sequence[Step], *, english: bool) -> str:
    """The sentence of a record's steps; empty for a record without any (attested hours earn no points)."""
    if not steps:
        return ""
    factors = " × ".join(_factors(steps, english=english))
    earned = next(step.value for step in steps if step.kind is StepKind.EARNED)
    sentence = f"{factors} = {_points(earned, english=english)}"
    ends = [*_extras(steps, english=english), *_cuts(steps, english=english)]
    credited = next((step.value for step in steps if step.kind is StepKind.CREDITED), None)
    if credited is not None:
        ends.append(f"{_points(credited, english=english)} in all" if english else f"共计 {credited} 分")
    return ("; " if english else "；").join((sentence, *ends))


def tell_minutes(minutes: int, *, english: bool) -> str:
    """A span of time: 3 小时 20 分, 3 h 20 min."""
    hours, rest = divmod(minutes, _MINUTES_AN_HOUR)
    hour, minute = ("h", "min") if english else ("小时", "分")
    parts = [f"{hours} {hour}"] * bool(hours) + [f"{rest} {minute}"] * bool(rest or not hours)
    return " ".join(parts)


def _points(points: int, *, english: bool) -> str:
    if english:
        return f"{points} point" if points == 1 else f"{points} points"
    return f"{points} 分"


def _decimal(numerator: int, denominator: int) -> str:
    """A fraction in decimals, at most four, without trailing zeros."""
    scaled = numerator * BASIS // denominator
    whole, rest = divmod(scaled, BASIS)
    return f"{whole}.{rest:04d}".rstrip("0").rstrip(".") if rest else str(whole)


def _factors(steps: Iterable[Step], *, english: bool) -> Iterable[str]:
    time = ""
    for step in steps:
        if step.kind is StepKind.MINUTES:
            time = tell_minutes(step.value, english=english)
        elif step.kind is StepKind.UNIT:
            unit = tell_minutes(step.per, english=english)
            counted = tell_minutes(step.value, english=english)
            time += f" (whole {unit}: {counted})" if english else f"（按整 {unit}计 {counted}）"
        elif step.kind in _CAPS:
            zh, en = _CAPS[step.kind]
            cap, counted = (tell_minutes(figure, english=english) for figure in (step.per, step.value))
            time += f" (within {en} {cap}: {counted})" if english else f"（{zh}上限 {cap}，计 {counted}）"
        elif step.kind is StepKind.SCALE:
            hours = _decimal(step.value, step.per * _MINUTES_AN_HOUR)
            time += f" (counted as {hours} h)" if english else f"（递减折合 {hours} 小时）"
        elif step.kind is StepKind.RATE:
            yield time
            yield f"{step.value} points/h" if english else f"{step.value} 分/小时"
        elif step.kind in COEFFICIENTS:
            yield _coefficient(step, english=english)


def _coefficient(step: Step, *, english: bool) -> str:
    figure = _decimal(step.value, BASIS)
    zh, en = _NAMES.get(step.kind, (step.name, step.name))
    if step.kind is StepKind.OVERLAY:
        zh, en = f"{step.name} 镇（街道）加成", f"town {step.name}"
    if not zh:
        return figure
    return f"{figure} ({en})" if english else f"{figure}（{zh}）"


def _extras(steps: Iterable[Step], *, english: bool) -> Iterable[str]:
    for step in steps:
        if step.kind in _EXTRAS or step.kind is StepKind.RULE_POINTS:
            zh, en = _EXTRAS.get(step.kind, (step.name, step.name))
            yield f"{en} + {_points(step.value, english=True)}" if english else f"{zh} + {step.value} 分"


def _cuts(steps: Iterable[Step], *, english: bool) -> Iterable[str]:
    for step in steps:
        if step.kind in _POINT_CAPS:
            zh, en = _POINT_CAPS[step.kind]
            yield (
                f"{en} is {step.per} points, {step.value} are credited"
                if english
                else (f"{zh} {step.per} 分，计 {step.value} 分")
            )
        elif step.kind is StepKind.OVERLAY_CUT:
            yield (
                f"the town's budget of the year gives {_points(step.value, english=True)}"
                if english
                else (f"镇（街道）年度预算余额支付 {step.value} 分")
            )
        elif step.kind is StepKind.RULE_FAILED:
            yield f"rule {step.name} could not be evaluated" if english else f"规则“{step.name}”无法计算，未适用"
