"""Refusals about hours, the points they become, and who may review what."""

from app.api.problem_texts.text import ProblemText
from app.core.codes import Code

HOURS = {
    Code.STATE_CONFLICT: ProblemText(
        409,
        "当前状态不允许该操作",
        "Not possible in its present state",
        "请刷新后查看状态",
        "Look at its state",
    ),
    Code.SELF_REVIEW: ProblemText(
        409,
        "不能审核本人或本人录入的记录",
        "Nobody reviews their own record",
        "请由他人审核",
        "Someone else must review it",
    ),
    Code.NO_POLICY: ProblemText(
        409,
        "服务当日没有生效的积分规则",
        "No accrual policy was in force that day",
        "请先发布积分规则",
        "Publish one first",
    ),
    Code.OVERLAP: ProblemText(
        409,
        "时间与已有记录重叠",
        "It overlaps another record",
        "请核对服务时间",
        "Check the times of service",
    ),
    Code.HOURS_CONSUMED: ProblemText(
        409,
        "时长已用于礼遇申请",
        "The hours have been used for a benefit",
        "请先处理该礼遇",
        "Settle the benefit first",
    ),
    Code.LOT_EXPIRED: ProblemText(409, "积分已过期", "The points have expired", "请使用其他积分", "Use other points"),
    Code.REVIEW_LEVEL: ProblemText(
        409,
        "当日服务时长较长，须由上级组织审核",
        "So many hours a day must be verified higher up",
        "请由 figures 中所示级别的组织审核",
        "Ask the organisation of the level in `figures`",
    ),
    Code.APPEAL_ENDED: ProblemText(
        409,
        "申诉期限已过",
        "The term to appeal is over",
        "如认为有误，请联系管理员",
        "Talk to an administrator if it is wrong",
    ),
    Code.GUARDIAN_REQUIRED: ProblemText(
        422,
        "未成年人须由监护人同意",
        "A minor needs the guardian",
        "请取得监护人同意；不满十周岁须由监护人陪同",
        "Get the guardian's consent; below ten the guardian comes along",
    ),
    Code.NOT_FOR_MINORS: ProblemText(
        422,
        "未成年人不得参加危险性志愿服务",
        "Minors do nothing hazardous",
        "请核对活动和志愿者",
        "Check the activity and the volunteer",
    ),
    Code.EXTERNAL_NO_USED: ProblemText(
        409,
        "该来源编号已用于另一条内容不同的记录",
        "This number of the source names a record with other content",
        "请核对编号；如需更正时长，请走更正流程",
        "Check the number; hours are changed by a correction",
    ),
    Code.NOTICE_ENDED: ProblemText(
        409,
        "公示期已结束",
        "The notice period has ended",
        "请由志愿者本人提出异议",
        "The volunteer can still object",
    ),
    Code.ESCALATED: ProblemText(
        409,
        "异议已升级，由上级组织答复",
        "The objection has gone higher up",
        "请由上级组织答复",
        "The organisation above answers it",
    ),
    Code.BACK_TEST_MISSING: ProblemText(
        409,
        "该草案尚未完成回测",
        "This draft has not been back-tested as it is now",
        "请先对当前内容的草案运行回测，并查看报告；修改后须重新回测",
        "Run a back-test of the draft as it is and read its report; a changed draft needs a new one",
    ),
}
