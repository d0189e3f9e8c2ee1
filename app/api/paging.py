"""Pages: a limit and a cursor, the next cursor in the body and in `Link`. Nothing is counted behind the scenes."""

from collections.abc import Sequence
from typing import Annotated, TypeVar
from uuid import UUID

from fastapi import Query, Request

from app.api.problems import FieldProblem, Problem
from app.core.codes import Code
from app.core.ids import NOBODY, parse_id

Limit = Annotated[int, Query(ge=1, le=200, description="How many at most")]
After = Annotated[str | None, Query(max_length=80, description="The `next` of the page before")]

PAGE = 50
Item = TypeVar("Item")


def cut_page(found: Sequence[Item], limit: int) -> tuple[Sequence[Item], bool]:
    """The page out of one more than was asked for, and whether there is a next one."""
    return found[:limit], len(found) > limit


def link_next(request: Request, cursor: str | None) -> dict[str, str]:
    """The `Link` header to the next page, if there is one."""
    if cursor is None:
        return {}
    return {"Link": f'<{request.url.include_query_params(after=cursor)}>; rel="next"'}


def refuse_cursor() -> Problem:
    """A cursor that is not one of ours."""
    return Problem(Code.PARAM_ERROR, errors=[FieldProblem(pointer="/after", detail="not a cursor of this list")])


def id_after(prefix: str, after: str | None) -> UUID:
    """Read a cursor that is an id; the very beginning when there is none."""
    value = parse_id(prefix, after) if after else NOBODY
    if value is None:
        raise refuse_cursor()
    return value


def seq_after(after: str | None, begin: int) -> int:
    """Read a cursor that is a sequence number."""
    if after is None:
        return begin
    if not after.isascii() or not after.isdigit() or len(after) > 18:  # noqa: PLR2004 - digits of a 64-bit number
        raise refuse_cursor()
    return int(after)
