"""Pages about applications, to print: the notice for the village board, the reference letter for an authority."""

from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from fastapi import Response
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from pydantic import BaseModel

_CONTENT_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"


def _hours(minutes: int) -> str:
    return f"{minutes // 60} 小时 {minutes % 60} 分 / {minutes // 60} h {minutes % 60} min"


def _yuan(fen: int) -> str:
    return f"{fen // 100}.{fen % 100:02d} 元 / CNY"


_PAGES = Environment(
    loader=FileSystemLoader(Path(__file__).with_name("templates")),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_PAGES.filters["hours"] = _hours
_PAGES.filters["yuan"] = _yuan


def render_page(template: str, said: BaseModel, at: datetime, zone: str) -> Response:
    """A page from a template: Chinese with English, days those of the programme, nothing loaded from elsewhere."""
    local = ZoneInfo(zone)
    page = _PAGES.get_template(template).render(said=said, printed_on=at.astimezone(local).date(), zone=local)
    headers = {"Cache-Control": "no-store", "Content-Security-Policy": _CONTENT_POLICY}
    return Response(page, headers=headers, media_type="text/html; charset=utf-8")
