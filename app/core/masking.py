"""Masking (脱敏): what others see of a name, a phone or a document (DOMAIN.md 4.1). Never a way back.

Names 张*, 欧阳**; phones 138****1234; documents the first six and the last four.
"""

_STARS_MAX = 3
_PHONE_HEAD, _PHONE_TAIL = 3, 4
_DOCUMENT_HEAD, _DOCUMENT_TAIL = 6, 4
_PARTS = 3
"""Where both ends would leave less than a third hidden, a sixth and a third are shown."""

COMPOUND_SURNAMES = frozenset(
    (
        *("欧阳", "太史", "端木", "上官", "司马", "东方", "独孤", "南宫", "万俟", "闻人", "夏侯", "诸葛", "尉迟"),
        *("公羊", "赫连", "澹台", "皇甫", "宗政", "濮阳", "公冶", "太叔", "申屠", "公孙", "慕容", "仲孙", "钟离"),
        *("长孙", "宇文", "司徒", "鲜于", "司空", "闾丘", "子车", "亓官", "司寇", "巫马", "公西", "颛孙", "壤驷"),
        *("公良", "漆雕", "乐正", "宰父", "谷梁", "拓跋", "夹谷", "轩辕", "令狐", "段干", "百里", "呼延", "东郭"),
        *("南门", "羊舌", "微生", "公户", "公玉", "公仪", "梁丘", "公仲", "公上", "公门", "公山", "公坚", "左丘"),
        *("公伯", "西门", "公祖", "第五", "公乘", "贯丘", "公皙", "南荣", "东里", "东宫", "仲长", "子书", "子桑"),
    )
)
"""Family names of two characters (复姓)."""


def mask_name(name: str) -> str:
    """Mask a person's name for others' eyes: the family name stays, the rest becomes asterisks (张三丰 -> 张**).

    A name in Latin letters keeps the first letter of its first word.
    """
    name = name.strip()
    if not name:
        return "*"
    shown = 2 if len(name) > 2 and name[:2] in COMPOUND_SURNAMES else 1  # noqa: PLR2004 - characters of such a name
    return name[:shown] + "*" * max(1, min(len(name) - shown, _STARS_MAX))


def mask_phone(phone: str) -> str:
    """Mask a phone number: 13812341234 -> 138****1234; a foreign one in the same way, a short one more."""
    return _mask_middle(phone, _PHONE_HEAD, _PHONE_TAIL)


def mask_id_number(number: str) -> str:
    """Mask a document's number: the first six and the last four of a resident's card, less of a shorter one."""
    return _mask_middle(number, _DOCUMENT_HEAD, _DOCUMENT_TAIL)


def _mask_middle(text: str, head: int, tail: int) -> str:
    if (len(text) - head - tail) * _PARTS < len(text):
        head, tail = len(text) // (2 * _PARTS), len(text) // _PARTS
    hidden = len(text) - head - tail
    return text[:head] + "*" * max(1, hidden) + text[len(text) - tail :]
