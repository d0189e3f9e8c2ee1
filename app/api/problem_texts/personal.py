"""Refusals about personal data."""

from app.api.problem_texts.text import ProblemText
from app.core.codes import Code

PERSONAL = {
    Code.APPROVAL_REQUIRED: ProblemText(
        403,
        "查看未成年人或年龄不明者的个人信息须经他人逐次审批",
        "Each access to the data of a minor, or of somebody of unknown age, needs a second person's approval",
        "请先提交查看申请，由另一位负责人审批后一小时内使用一次",
        "Ask for an approval; a second person gives it, for one access within the hour",
    ),
    Code.CONSENT_TEXT_NOT_IN_FORCE: ProblemText(
        409,
        "该版本的告知书不在有效期内",
        "That version of the text is not in force",
        "请展示 figures.version 所列现行版本（GET /v1/consent-texts），再由本人同意",
        "Show the version in `figures.version` (GET /v1/consent-texts) and ask for consent to it",
    ),
    Code.DATA_ERASED: ProblemText(
        410,
        "该志愿者的个人信息已删除",
        "The volunteer's personal data was erased",
        "服务时长与积分记录仍可按编号查询",
        "Hours and points can still be read under the id",
    ),
}
