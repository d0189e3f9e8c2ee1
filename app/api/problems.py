"""Problem documents (RFC 9457): one shape for every refusal, in the caller's language."""

from collections.abc import Mapping, Sequence

import structlog
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.exceptions import HTTPException

from app.api.problem_texts import TEXTS
from app.core.codes import Code, Detail, Rejected
from app.engine.committer import CommandFailed, OutcomeUnknown, QueueFull

_log = structlog.get_logger(__name__)

MEDIA_TYPE = "application/problem+json"
_RETRY_AFTER_S = "1"
_NO_TEXT = "22021"
_BY_STATUS = {
    404: Code.NOT_FOUND,
    405: Code.METHOD_NOT_ALLOWED,
    413: Code.BODY_TOO_LARGE,
    415: Code.UNSUPPORTED_MEDIA_TYPE,
}


class FieldProblem(BaseModel):
    """What is wrong with one field."""

    pointer: str = Field(description="JSON pointer to the field (RFC 6901)", examples=["/points"])
    detail: str = Field(description="What was expected there")


class ProblemDocument(BaseModel):
    """A refusal (RFC 9457). `code` is stable; `detail` is for people, in the language of Accept-Language."""

    model_config = ConfigDict(extra="forbid")

    type: str = Field(examples=["urn:liyu:problem:NOT_ENOUGH"])
    title: str = Field(description="The English text of the code", examples=["Not enough points"])
    status: int = Field(examples=[409])
    code: Code = Field(examples=[Code.NOT_ENOUGH])
    detail: str = Field(description="What is wrong, zh-CN by default", examples=["可用积分不足"])
    remedy: str = Field(description="What to do about it", examples=["请减少积分后重新下单"])
    errors: list[FieldProblem] = Field(default_factory=list)
    figures: dict[str, int | str] = Field(
        default_factory=dict, description="Figures that explain the refusal", examples=[{"available": 80}]
    )
    request_id: str = Field(
        description="Name this when you ask for help", examples=["0190c6f0a1b27c3d8e9f00112233aabb"]
    )


class Problem(Exception):
    """A refusal on its way out of a route."""

    def __init__(
        self,
        code: Code,
        figures: Detail | None = None,
        errors: Sequence[FieldProblem] = (),
        *,
        replayed: bool = False,
    ) -> None:
        super().__init__(code.value)
        self.replayed = replayed
        self.code = code
        self.figures = dict(figures or {})
        self.errors = list(errors)


def speaks_english(accept_language: str) -> bool:
    """Whether the caller prefers English to Chinese: the first of both that the header names, Chinese when neither."""
    weighted = []
    for position, item in enumerate(accept_language.lower().split(",")[:10]):
        tag, _, parameter = item.strip().partition(";q=")
        try:
            weight = float(parameter) if parameter else 1.0
        except ValueError:
            weight = 0.0
        weighted.append((-weight, position, tag.strip()))
    for weight, _, tag in sorted(weighted):
        if weight < 0 and tag[:2] in {"zh", "en"}:
            return tag[:2] == "en"
    return False


def render_problem(request: Request, problem: Problem, headers: Mapping[str, str] | None = None) -> Response:
    """Write the problem document in the caller's language."""
    text = TEXTS[problem.code]
    english = speaks_english(request.headers.get("accept-language", ""))
    document = ProblemDocument(
        type=f"urn:liyu:problem:{problem.code.value}",
        title=text.en,
        status=text.status,
        code=problem.code,
        detail=text.en if english else text.zh,
        remedy=text.en_remedy if english else text.zh_remedy,
        errors=problem.errors,
        figures=problem.figures,
        request_id=request.scope.get("request_id", ""),
    )
    sent = {"Content-Language": "en" if english else "zh-CN", "Cache-Control": "no-store", **(headers or {})}
    if problem.replayed:
        sent["Idempotency-Replayed"] = "true"
    if problem.code is Code.SYSTEM_BUSY:
        sent["Retry-After"] = _RETRY_AFTER_S
    if wait_s := problem.figures.get("retry_after_s"):
        sent["Retry-After"] = str(wait_s)
    if text.status == 401:  # noqa: PLR2004 - Unauthorized
        sent["WWW-Authenticate"] = "LIYU-HMAC-SHA256" if problem.code is Code.SIGN_ERROR else "Bearer"
    return Response(document.model_dump_json(), text.status, sent, MEDIA_TYPE)


def refuse(rejected: Rejected, *, replayed: bool = False) -> Problem:
    """A refusal of the core as an exception of the edge."""
    return Problem(rejected.code, rejected.detail, replayed=replayed)


def _point_to_given(location: Sequence[int | str]) -> str:
    """A query parameter is named as our own checks name it, without where FastAPI found it."""
    return point_to(location[1:] if location[0] == "query" else location)


def point_to(location: Sequence[int | str]) -> str:
    """A JSON pointer (RFC 6901) to where validation failed."""
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in location)


async def _on_problem(request: Request, error: Exception) -> Response:
    if not isinstance(error, Problem):
        raise error
    return render_problem(request, error)


async def _on_validation(request: Request, error: Exception) -> Response:
    if not isinstance(error, RequestValidationError):
        raise error
    errors = [FieldProblem(pointer=_point_to_given(item["loc"]), detail=str(item["msg"])) for item in error.errors()]
    return render_problem(request, Problem(Code.PARAM_ERROR, errors=errors))


async def _on_http(request: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        raise error
    code = _BY_STATUS.get(error.status_code, Code.PARAM_ERROR)
    return render_problem(request, Problem(code), error.headers)


async def _on_busy(request: Request, error: Exception) -> Response:
    _log.warning("busy", error=type(error).__name__)
    return render_problem(request, Problem(Code.SYSTEM_BUSY))


async def _on_database(request: Request, error: Exception) -> Response:
    """A connection that was lost (a restart of the database, say) is worth another try; anything else is ours.

    Save for text that no PostgreSQL keeps, a zero byte: that is the caller's.
    """
    if isinstance(error, DBAPIError) and getattr(error.orig, "sqlstate", None) == _NO_TEXT:
        return render_problem(request, Problem(Code.PARAM_ERROR))
    if not isinstance(error, DBAPIError) or not error.connection_invalidated:
        return await _on_failure(request, error)
    return await _on_busy(request, error)


async def _on_failure(request: Request, error: Exception) -> Response:
    _log.error("request failed", error=type(error).__name__, exc_info=error)
    return render_problem(request, Problem(Code.SYSTEM_ERROR))


def add_problem_handlers(app: FastAPI) -> None:
    """Make every way a request can fail answer with a problem document."""
    app.add_exception_handler(Problem, _on_problem)
    app.add_exception_handler(RequestValidationError, _on_validation)
    app.add_exception_handler(HTTPException, _on_http)
    app.add_exception_handler(QueueFull, _on_busy)
    app.add_exception_handler(OutcomeUnknown, _on_busy)
    app.add_exception_handler(CommandFailed, _on_failure)
    app.add_exception_handler(DBAPIError, _on_database)
    app.add_exception_handler(ConnectionError, _on_busy)
    app.add_exception_handler(PoolTimeout, _on_busy)
