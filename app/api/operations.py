"""Describing operations: what a route takes, answers and refuses, said once and written into the contract."""

from collections.abc import Callable, Sequence
from typing import Annotated, Any, TypeVar

from fastapi import Header

from app.api.bodies import Body
from app.api.problem_texts import TEXTS
from app.api.problems import MEDIA_TYPE, ProblemDocument
from app.core.codes import Code

IdempotencyKey = Annotated[
    str,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=64,
        pattern=r"^[0-9A-Za-z_.:-]+$",
        description="A new unique value for each new operation; the same for its repetitions.",
        examples=["5f0c6a52-3f0f-4f0c-9f6f-0f6a523f0f4f"],
    ),
]

_ALWAYS = (Code.SYSTEM_ERROR, Code.FREQUENCY_LIMITED)
_TILLS_ALWAYS = (Code.SYSTEM_ERROR, Code.SYSTEM_BUSY)
"""A till that calls too often is busy, not refused: it asks again with the same number."""
_WITH_BODY = (Code.PARAM_ERROR, Code.BODY_TOO_LARGE, Code.UNSUPPORTED_MEDIA_TYPE)
_WRITES = (Code.IDEMPOTENCY_KEY_USED, Code.SYSTEM_BUSY)


_TAKEN: dict[Callable[..., Any], type[Body]] = {}
Route = TypeVar("Route", bound=Callable[..., Any])


def takes(model: type[Body]) -> Callable[[Route], Route]:
    """Declare the body of a route that reads it by hand."""

    def note_body(route: Route) -> Route:
        _TAKEN[route] = model
        return route

    return note_body


def body_taken(route: Callable[..., Any]) -> type[Body] | None:
    """The body that such a route has declared."""
    return _TAKEN.get(route)


def refusals(codes: Sequence[Code], always: Sequence[Code] = _ALWAYS) -> dict[int | str, dict[str, Any]]:
    """The `responses` of a route: one entry per status, naming its codes in both languages."""
    by_status: dict[int, list[Code]] = {}
    for code in dict.fromkeys((*codes, *always)):
        by_status.setdefault(TEXTS[code].status, []).append(code)
    return {
        status: {
            "model": ProblemDocument,
            "description": "; ".join(f"`{code.value}` {TEXTS[code].zh} / {TEXTS[code].en}" for code in listed),
            "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/ProblemDocument"}}},
            "x-codes": [code.value for code in listed],
        }
        for status, listed in sorted(by_status.items())
    }


def reads(*codes: Code) -> dict[int | str, dict[str, Any]]:
    """The refusals of a route that reads."""
    return refusals((Code.PARAM_ERROR, Code.TOKEN_ERROR, Code.NO_AUTH, *codes))


def writes(*codes: Code) -> dict[int | str, dict[str, Any]]:
    """The refusals of a route that changes something under an idempotency key."""
    return refusals((*_WITH_BODY, Code.TOKEN_ERROR, Code.NO_AUTH, *_WRITES, *codes))


def till_refusals(*codes: Code) -> dict[int | str, dict[str, Any]]:
    """The refusals of a route that a till calls."""
    return refusals((Code.SIGN_ERROR, *codes), _TILLS_ALWAYS)
