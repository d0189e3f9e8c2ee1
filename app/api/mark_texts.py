"""What a mark says to the reviewer, in both languages, with the figures that made its rule speak."""

from collections.abc import Mapping
from types import MappingProxyType

from app.core.suspicions import Mark, Suspicion

_TEXTS = {
    Suspicion.IMPOSSIBLE_DAY: (
        "志愿者在 {day} 一天内的服务时间为 {minutes} 分钟，超过 {limit} 分钟",
        "The volunteer served {minutes} minutes on {day}, more than {limit}",
    ),
    Suspicion.MASS_ENTRY: (
        "同一录入人在 {within_min} 分钟内录入了 {entries} 条记录，超过 {limit} 条",
        "The same person entered {entries} records within {within_min} minutes, more than {limit}",
    ),
    Suspicion.TWO_PLACES: (
        "与另一地点的记录 {record} 仅相隔 {gap_min} 分钟",
        "Only {gap_min} minutes lie between this and the record {record} at another place",
    ),
    Suspicion.VERIFIER_SPIKE: (
        "审核人当日已审核 {today} 条，超过其日均 {average} 条的 {limit_times} 倍",
        "Its verifier has verified {today} records that day, over {limit_times} times their average of {average}",
    ),
}
MARK_TEXTS: Mapping[Suspicion, tuple[str, str]] = MappingProxyType(_TEXTS)
"""Chinese and English, by kind."""


def tell_mark(mark: Mark, *, english: bool = False) -> str:
    """The reason of a mark as one sentence."""
    chinese, other = MARK_TEXTS[mark.kind]
    return (other if english else chinese).format(**mark.figures)
