"""Refusals about benefit programmes: what the law does not let a city publish."""

from app.api.problem_texts.text import ProblemText
from app.core.codes import Code

BENEFITS = {
    Code.REFERRAL_REQUIRED: ProblemText(
        409,
        "此类礼遇须由主管部门另行决定，不能由本平台直接给予",
        "Another authority decides this kind of benefit; the programme only refers to it",
        "请将 external_decision 设为 true",
        "Set external_decision to true",
    ),
    Code.ADMISSION_PROMISED: ProblemText(
        409,
        "入学佐证不得写明学校，也不得承诺入学",
        "An enrolment reference names no school and promises no admission",
        "请删除 figures 中所示文字；荣誉不得作为入学的条件和依据",
        "Take out the word in `figures`: honours are no condition of admission",
    ),
    Code.PUBLICITY_TOO_SHORT: ProblemText(
        409,
        "公示天数少于法定天数",
        "The public notice is shorter than the law asks for",
        "请按 figures 中 needed 所示天数设置公示期",
        "Give it as many days as `needed` in `figures` says",
    ),
    Code.PERSON_MUST_DECIDE: ProblemText(
        409,
        "此类礼遇不得由系统自动决定",
        "This kind of benefit is not decided automatically",
        "请改为由审核人员决定，并设置审核层级",
        "Let a person decide, and say at which levels",
    ),
    Code.LEVEL_MISSING: ProblemText(
        409,
        "缺少必需的审核层级",
        "A level of review is missing",
        "请补充 figures 中所示层级",
        "Add the level in `figures`",
    ),
}
