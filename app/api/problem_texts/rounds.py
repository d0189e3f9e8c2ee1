"""Refusals about rounds of a benefit, and tickets at the door."""

from app.api.problem_texts.text import ProblemText
from app.core.codes import Code

ROUNDS = {
    Code.ROUND_NOT_OPEN: ProblemText(
        409,
        "该批次或场次目前不开放",
        "The round is not open now",
        "请查看开放时间；已关闭的不再受理",
        "See when it is open; what is closed takes nobody any more",
    ),
    Code.TICKET_NOT_EXIST: ProblemText(
        404, "没有这张入场券", "There is no such ticket", "请核对券码与场次", "Check the code and the event"
    ),
}
