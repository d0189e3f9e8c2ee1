"""Bodies: read once, strictly, as JSON that matches its model exactly; and what their answers are made of."""

from dataclasses import dataclass
from hashlib import sha256
from typing import Generic, TypeVar

from fastapi import Request, Response
from pydantic import BaseModel, ConfigDict, ValidationError

from app.api.problems import FieldProblem, Problem, point_to
from app.core.codes import Code

_JSON = "application/json"
_ERRORS_MAX = 20


class Body(BaseModel):
    """A request body: strict types, no unknown fields."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class Answer(BaseModel):
    """A response body."""

    model_config = ConfigDict(extra="forbid", frozen=True)


Model = TypeVar("Model", bound=Body)


@dataclass(frozen=True, slots=True)
class Received(Generic[Model]):
    """A body that was understood, and the hash by which a repetition is recognised.

    The hash is over the meaning, not the bytes: a till that writes the same fields in another order repeats itself.
    Fields that were not sent are left out, so a release that adds one still recognises what came before it.
    """

    body: Model
    hash: bytes


def check_media_type(request: Request) -> None:
    """Refuse anything that does not say it is JSON."""
    media_type, _, parameters = request.headers.get("content-type", "").partition(";")
    charset = parameters.strip().lower()
    if media_type.strip().lower() != _JSON or charset not in {"", "charset=utf-8", 'charset="utf-8"'}:
        raise Problem(Code.UNSUPPORTED_MEDIA_TYPE)


def parse_body(model: type[Model], raw: bytes) -> Received[Model]:
    """Read a body strictly. Raises a problem that points to each field that is wrong."""
    try:
        body = model.model_validate_json(raw)
    except ValidationError as error:
        found = error.errors(include_url=False, include_context=False, include_input=False)[:_ERRORS_MAX]
        problems = [FieldProblem(pointer=point_to(item["loc"]), detail=item["msg"]) for item in found]
        raise Problem(Code.PARAM_ERROR, errors=problems) from error
    return Received(body, sha256(body.model_dump_json(exclude_unset=True).encode()).digest())


class JsonBody(Generic[Model]):
    """A dependency that reads the body as one model. The contract is built from it.

    Optional: without a body it is read as `{}`.
    """

    def __init__(self, model: type[Model], *, optional: bool = False) -> None:
        self.model = model
        self.optional = optional

    async def __call__(self, request: Request) -> Received[Model]:
        """Read and check the body."""
        raw = await request.body()
        if self.optional and not raw:
            return parse_body(self.model, b"{}")
        check_media_type(request)
        return parse_body(self.model, raw)


def json_answer(content: str | bytes, status: int = 200, *, replayed: bool = False, **headers: str) -> Response:
    """An answer whose JSON is already written."""
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    if replayed:
        sent["Idempotency-Replayed"] = "true"
    sent.setdefault("Cache-Control", "no-store")
    return Response(content, status, sent, _JSON)
