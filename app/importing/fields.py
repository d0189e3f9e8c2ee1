"""Which fields a file may have, under which headers they are known, and which columns are never looked at."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class ImportKind(StrEnum):
    """What a file holds."""

    TEAMS = "teams"
    VOLUNTEERS = "volunteers"
    RECORDS = "service-records"
    OPENINGS = "opening-balances"


@dataclass(frozen=True, slots=True)
class Field:
    """One field: the headers by which it is found without a mapping, and whether a row must have it."""

    headers: tuple[str, ...]
    required: bool = False


_TEAM_FIELDS = {
    "external_no": Field(("团队编号", "组织编号", "编号"), required=True),
    "name": Field(("团队名称", "组织名称", "名称"), required=True),
    "kind": Field(("团队类别", "组织类别", "类别")),
    "region": Field(("行政区划代码", "区划代码", "区划"), required=True),
    "parent": Field(("上级团队编号", "上级组织编号", "上级编号", "上级")),
}

_VOLUNTEER_FIELDS = {
    "external_no": Field(("志愿者编号", "志愿者号", "编号"), required=True),
    "region": Field(("行政区划代码", "区划代码", "居住区划代码", "区划"), required=True),
    "team": Field(("所属团队编号", "所属团队", "所属组织", "团队编号")),
    "born_on": Field(("出生日期",)),
    "registered_on": Field(("注册日期", "注册时间")),
    "status": Field(("状态",)),
    "name": Field(("姓名", "志愿者姓名", "真实姓名")),
    "phone": Field(("手机号", "手机号码", "手机", "联系电话")),
    "id_type": Field(("证件类型", "证件种类")),
    "id_number": Field(("身份证号", "身份证号码", "身份证", "证件号", "证件号码")),
    "consent_by": Field(("同意人", "信息同意人")),
}
PERSONAL_FIELDS = ("name", "phone", "id_number")
"""What a file of volunteers tells of the person: it goes into the vault and nowhere else, not even into a refusal."""

_RECORD_FIELDS = {
    "external_no": Field(("记录编号", "服务记录编号")),
    "volunteer": Field(("志愿者编号", "志愿者号"), required=True),
    "team": Field(("组织单位", "活动组织单位", "组织单位编号", "团队编号"), required=True),
    "activity": Field(("活动名称", "项目名称"), required=True),
    "activity_id": Field(("活动编号", "项目编号")),
    "date": Field(("日期", "活动日期", "服务日期")),
    "start": Field(("开始时间", "服务开始时间")),
    "end": Field(("结束时间", "服务结束时间")),
    "check_in": Field(("签到时间",)),
    "check_out": Field(("签退时间",)),
    "hours": Field(("服务时间", "服务时长", "服务时间（小时）", "服务时长（小时）", "服务时长(小时)", "时长")),
    "minutes": Field(("服务分钟", "服务时长（分钟）", "服务时长(分钟)")),
    "place": Field(("地点", "活动地点", "服务地点")),
    "content": Field(("服务内容",)),
    "in_charge": Field(("负责人", "活动负责人")),
    "category": Field(("服务类别",)),
    "level": Field(("活动等级", "等级")),
    "region": Field(("行政区划代码", "区划代码", "区划")),
    "evidence": Field(("时长类别", "时长类型", "依据")),
    "role": Field(("角色",)),
    "guardian": Field(("监护情况",)),
    "hazardous": Field(("危险活动", "是否危险活动")),
}

_OPENING_FIELDS = {
    "external_no": Field(("余额编号", "期初编号", "编号")),
    "volunteer": Field(("志愿者编号", "志愿者号"), required=True),
    "dated_on": Field(("截止日期", "余额日期", "期初日期"), required=True),
    "points": Field(("积分余额", "剩余积分", "积分")),
    "expires_on": Field(("到期日期", "积分到期日", "有效期至", "失效日期")),
    "hours": Field(
        ("累计服务时间", "累计服务时长", "服务时间", "服务时长", "服务时长（小时）", "服务时长(小时)", "时长")
    ),
    "minutes": Field(("累计服务分钟", "服务分钟", "服务时长（分钟）", "服务时长(分钟)")),
}

FIELDS: Mapping[ImportKind, Mapping[str, Field]] = {
    ImportKind.TEAMS: _TEAM_FIELDS,
    ImportKind.VOLUNTEERS: _VOLUNTEER_FIELDS,
    ImportKind.RECORDS: _RECORD_FIELDS,
    ImportKind.OPENINGS: _OPENING_FIELDS,
}

_PERSONAL = (
    "姓名",
    "身份证",
    "证件",
    "手机",
    "电话",
    "联系方式",
    "住址",
    "地址",
    "邮箱",
    "微信",
    "监护人",
    "name",
    "phone",
    "mobile",
)


def is_personal(header: str) -> bool:
    """Whether a column is about a person by its header: it is not read unless it is one that goes into the vault."""
    lowered = header.lower()
    return any(word in lowered for word in _PERSONAL)


DEFAULT_VALUES: Mapping[str, Mapping[str, str]] = {
    "evidence": {
        "信用时长": "imported",
        "荣誉时长": "attested",
        "签到": "checked-in",
        "补录": "attested",
        "": "imported",
    },
    "role": {"志愿者": "volunteer", "组织者": "organiser", "负责人": "organiser", "": "volunteer"},
    "guardian": {
        "同意": "consented",
        "监护人同意": "consented",
        "陪同": "present",
        "到场": "present",
        "监护人陪同": "present",
        "无": "none",
        "": "none",
    },
    "hazardous": {"是": "yes", "否": "no", "": "no"},
    "status": {"正常": "active", "在册": "active", "冻结": "frozen", "注销": "left", "退出": "left", "": "active"},
    "expires_on": {"永久": "never", "永久有效": "never", "长期": "never", "长期有效": "never", "不过期": "never"},
    "id_type": {
        "居民身份证": "resident_id",
        "身份证": "resident_id",
        "港澳居民居住证": "hk_macau_residence",
        "台湾居民居住证": "taiwan_residence",
        "外国人永久居留身份证": "foreign_permanent_resident",
        "外国人永久居留证": "foreign_permanent_resident",
        "护照": "passport",
        "": "resident_id",
    },
    "consent_by": {"本人": "self", "监护人": "guardian", "": "self"},
    "level": {"一级": "1", "二级": "2", "三级": "3", "普通": "1", "专业": "2", "": "1"},
}
"""What words in files mean, where a mapping does not say otherwise; what stands for an empty cell."""
