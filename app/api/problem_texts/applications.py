"""Refusals about applications for benefits."""

from app.api.problem_texts.text import ProblemText
from app.core.codes import Code

APPLICATIONS = {
    Code.CONSENT_REQUIRED: ProblemText(
        409,
        "需要本人（未满 14 周岁的由监护人）先同意处理申请所需信息",
        "The person's consent (below 14 the guardian's) to use the data of an application is needed first",
        "请先在“授权同意”中同意 figures.purpose 所列用途",
        "Give the consent to the purpose in `figures.purpose` first",
    ),
}
