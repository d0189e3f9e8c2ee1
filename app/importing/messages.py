"""What a refusal says to whoever corrects the file, in both languages."""

from collections.abc import Mapping

from app.core.codes import Code
from app.importing.values import Fault

_CODES: Mapping[str, tuple[str, str]] = {
    Code.NOT_FOUND: ("系统中没有该编号", "There is no such number here"),
    Code.OVERLAP: ("服务时间与本人另一条记录重叠", "The time overlaps another record of the same person"),
    Code.SELF_REVIEW: ("核实人不能核实本人、本人录入或亲属的记录", "Nobody verifies their own hours or a relative's"),
    Code.NO_POLICY: ("服务当日没有适用的积分规则", "No policy was in force on the day of service"),
    Code.EXTERNAL_NO_USED: ("该编号已用于另一条内容不同的记录", "This number names a record with other content"),
    Code.ALREADY_EXISTS: ("该区划内已有同名团队", "The region has a team of this name"),
    Code.GUARDIAN_REQUIRED: (
        "未成年人须监护人同意，未满10岁须监护人到场",
        "A minor needs the guardian's consent, under ten the guardian beside them",
    ),
    Code.NOT_FOR_MINORS: ("未成年人不得参加危险活动", "Minors do nothing hazardous"),
    Code.LOT_EXPIRED: ("积分已过有效期", "The points are past their last day"),
    Code.STATE_CONFLICT: ("该志愿者已注销", "The volunteer has left"),
    Code.SYSTEM_ERROR: ("系统无法处理该行，请联系管理员", "The system cannot process this row; tell the administrator"),
    Code.PARAM_ERROR: ("内容有误", "The value is wrong"),
}
_FAULTS: Mapping[str, tuple[str, str]] = {
    Fault.MISSING: ("必填项为空", "A value is missing"),
    Fault.NOT_A_DAY: ("日期无法识别，例：2024-03-05", "Not a day; write for example 2024-03-05"),
    Fault.NOT_A_TIME: ("时间无法识别，例：09:30", "Not a time; write for example 09:30"),
    Fault.NOT_A_DURATION: ("时长无法识别，例：3.5", "Not a duration; write for example 3.5"),
    Fault.NOT_A_NUMBER: ("应为整数", "Not a whole number"),
    Fault.UNKNOWN_WORD: ("取值不在对照表中", "The word is not in the mapping"),
    Fault.TOO_LONG: ("内容过长", "The text is too long"),
    Fault.TWICE: ("文件中编号重复", "The number stands twice in the file"),
    Fault.NO_SUCH: ("系统中没有该编号", "There is no such number here"),
    Fault.NOT_ALLOWED: ("含有不允许的字符", "A character is not allowed"),
    Fault.MASKED: ("内容已脱敏，请填写完整内容", "The value is masked; write the whole one"),
    Fault.NOT_A_PHONE: (
        "手机号应为11位大陆手机号，或以+和国家代码开头",
        "A mainland mobile of 11 digits, or + and the country code",
    ),
    Fault.DOCUMENT_FORM: ("证件号码格式与证件类型不符", "Not the form of this kind of document"),
    Fault.DOCUMENT_KIND: ("证件号码属于另一种证件", "The number belongs to another kind of document"),
    Fault.DOCUMENT_BIRTHDAY: ("证件号码中的出生日期不成立", "The number holds no possible birthday"),
    Fault.DOCUMENT_CHECK: ("证件号码校验位不符", "The check character does not match"),
    Fault.DOCUMENT_TAKEN: ("该证件已属于另一名志愿者", "The document belongs to another volunteer"),
    Fault.OF_A_DOCUMENT: ("编号不得使用证件号码", "A document's number may not serve as the number"),
    Fault.NO_BIRTHDAY: ("出生日期早于1900年或晚于今天", "Born before 1900, or in the future"),
    Fault.OTHER_BIRTHDAY: ("出生日期与证件不一致", "Not the birthday that the document tells"),
    Fault.GUARDIAN_CONSENTS: (
        "未满14周岁须由监护人同意：同意人请填监护人",
        "Below 14 the guardian consents: say so in the column",
    ),
    "in-the-future": ("服务尚未结束", "The service is not over"),
    "ends-before-it-begins": ("结束时间不晚于开始时间", "It ends before it begins"),
    "out-of-range": ("时长应在1分钟至24小时之间", "Between 1 minute and 24 hours"),
    "more-than-the-period": ("时长超过起止时间", "More minutes than the period has"),
    "dated-in-the-future": ("余额日期在今天之后", "The balance dates from a day to come"),
    "too-much": ("数额过大", "The figure is too large"),
    "nothing": ("积分和时长都为零", "Neither points nor time"),
    "with-points-only": ("积分须有到期日期，无积分则不填", "A last day with points, and with points only"),
    "other-content": ("已登记的内容不同", "What is registered says something else"),
    "tier": ("上级团队已是第三级", "The team above is of the third tier"),
}


def told(code: str, fault: str) -> tuple[str, str]:
    """A refusal in Chinese and English: what is wrong with the cell, where that is known, else the code's meaning."""
    return _FAULTS.get(fault) or _CODES.get(code) or (code, code)
