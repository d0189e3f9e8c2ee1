"""Saying what stands in the way of an offer, in a sentence a volunteer understands."""

from app.api.problem_texts import TEXTS
from app.core.codes import Code, Detail, Rejected

_PERIODS = {
    "day": ("今日", "today"),
    "month": ("本月", "this month"),
    "quarter": ("本季度", "this quarter"),
    "year": ("今年", "this year"),
    "ever": ("累计", "in all"),
}
_MINUTES_AN_HOUR = 60


def tell_obstacle(obstacle: Rejected, *, english: bool) -> str:
    """One obstacle as a sentence, with what is missing."""
    figures = obstacle.detail
    match obstacle.code:
        case Code.NOT_ENOUGH:
            zh, en = f"还差 {figures['missing']} 积分", f"{figures['missing']} points are missing"
        case Code.NOT_ELIGIBLE:
            zh, en = _gate(figures)
        case Code.QUOTA_EXCEEDED if figures.get("limit") == "person":
            zh, en = _limit(figures)
        case Code.OFFER_NOT_OPEN if "opens_at" in figures:
            zh, en = f"{figures['opens_at']} 开始兑换", f"It opens at {figures['opens_at']}"
        case Code.OFFER_NOT_OPEN if "ended_at" in figures:
            zh, en = "兑换已结束", "It has ended"
        case Code.OUT_OF_STOCK:
            zh, en = f"库存不足，仅余 {figures['left']} 份", f"Only {figures['left']} left"
        case _:
            zh, en = TEXTS[obstacle.code].zh, TEXTS[obstacle.code].en
    return en if english else zh


def _gate(figures: Detail) -> tuple[str, str]:
    match figures["gate"]:
        case "stars":
            return f"需达到 {figures['required']} 星，现为 {figures['actual']} 星", (
                f"{figures['required']} stars are needed, you have {figures['actual']}"
            )
        case "minutes":
            hours, minutes = divmod(int(figures["missing"]), _MINUTES_AN_HOUR)
            zh = f"还差 {hours} 小时" + (f" {minutes} 分" if minutes else "")
            return zh, f"{hours} h {minutes} min of service are missing"
        case "region":
            return "仅限指定地区的志愿者", "Only for volunteers of certain regions"
        case _:
            return "不在适用年龄范围内", "Outside the ages it is for"


def _limit(figures: Detail) -> tuple[str, str]:
    zh_period, en_period = _PERIODS[str(figures["period"])]
    zh = f"{zh_period}限兑 {figures['count']} 份，已兑 {figures['had']} 份"
    en = f"{figures['count']} {en_period} at most, you had {figures['had']}"
    if again := figures.get("again_on"):
        return f"{zh}，{again} 起可再次兑换", f"{en}; again from {again}"
    return zh, en
