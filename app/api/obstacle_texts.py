"""Saying what stands in the way of an offer, in a sentence a volunteer understands."""

from datetime import date, tzinfo

from app.api.problem_texts import TEXTS
from app.core.canonical import parse_instant
from app.core.codes import Code, Detail, Rejected

_PERIODS = {
    "day": ("今日", "today"),
    "month": ("本月", "this month"),
    "quarter": ("本季度", "this quarter"),
    "year": ("今年", "this year"),
    "ever": ("累计", "in all"),
}
_MINUTES_AN_HOUR = 60


def tell_obstacle(obstacle: Rejected, zone: tzinfo, *, english: bool) -> str:
    """One obstacle as a sentence, with what is missing. Times are the programme's own."""
    figures = obstacle.detail
    match obstacle.code:
        case Code.NOT_ENOUGH:
            zh, en = f"还差 {figures['missing']} 积分", f"{figures['missing']} points are missing"
        case Code.NOT_ELIGIBLE:
            zh, en = _gate(figures)
        case Code.QUOTA_EXCEEDED:
            zh, en = _quota(figures)
        case Code.OFFER_NOT_OPEN if "opens_at" in figures:
            zh, en = _opening(str(figures["opens_at"]), zone)
        case Code.OFFER_NOT_OPEN if "ended_at" in figures:
            zh, en = "兑换已结束", "It has ended"
        case Code.OUT_OF_STOCK:
            zh, en = f"库存不足，仅余 {figures['left']} 份", f"Only {figures['left']} left"
        case _:
            zh, en = TEXTS[obstacle.code].zh, TEXTS[obstacle.code].en
    return en if english else zh


def _opening(opens_at: str, zone: tzinfo) -> tuple[str, str]:
    opens = parse_instant(opens_at).astimezone(zone)
    return f"{_zh_day(opens)} {opens:%H:%M} 开始兑换", f"It opens on {opens:%Y-%m-%d at %H:%M}"


def _zh_day(day: date) -> str:
    return f"{day.year} 年 {day.month} 月 {day.day} 日"


def _gate(figures: Detail) -> tuple[str, str]:
    match figures["gate"]:
        case "stars":
            return f"需达到 {figures['required']} 星，现为 {figures['actual']} 星", (
                f"{figures['required']} stars are needed, you have {figures['actual']}"
            )
        case "minutes":
            return _time(int(figures["missing"]))
        case "region":
            return "仅限指定地区的志愿者", "Only for volunteers of certain regions"
        case _:
            return _age(figures)


def _time(missing: int) -> tuple[str, str]:
    hours, minutes = divmod(missing, _MINUTES_AN_HOUR)
    zh = [f"{hours} 小时"] * bool(hours) + [f"{minutes} 分钟"] * bool(minutes)
    en = [f"{hours} h"] * bool(hours) + [f"{minutes} min"] * bool(minutes)
    return f"还差 {' '.join(zh)}", f"{' '.join(en)} of service are missing"


def _age(figures: Detail) -> tuple[str, str]:
    if "required" in figures:
        return f"需年满 {figures['required']} 周岁", f"From the age of {figures['required']}"
    if "required_at_most" in figures:
        return f"仅限 {figures['required_at_most']} 周岁及以下", f"Up to the age of {figures['required_at_most']}"
    return "未登记出生日期，无法核对年龄", "Your date of birth is not known"


def _quota(figures: Detail) -> tuple[str, str]:
    match figures["limit"]:
        case "person":
            return _person(figures)
        case "merchant":
            return f"商家本月仅可再收 {figures['left']} 积分", (
                f"The merchant may take {figures['left']} more points this month"
            )
        case _:
            return f"单次最多兑换 {figures['points_max']} 积分", f"At most {figures['points_max']} points at once"


def _person(figures: Detail) -> tuple[str, str]:
    zh_period, en_period = _PERIODS[str(figures["period"])]
    zh = f"{zh_period}限兑 {figures['count']} 份，已兑 {figures['had']} 份"
    en = f"{figures['count']} {en_period} at most, you had {figures['had']}"
    if again := figures.get("again_on"):
        return f"{zh}，{_zh_day(date.fromisoformat(str(again)))}起可再次兑换", f"{en}; again from {again}"
    return zh, en
