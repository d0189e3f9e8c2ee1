"""Pages to print and to look at: templates, what fills them, and headers that let nothing be loaded from elsewhere."""

from datetime import datetime, timedelta, tzinfo
from pathlib import Path

from fastapi import Response
from jinja2 import Environment, FileSystemLoader, StrictUndefined

_CONTENT_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


def _hours(minutes: int) -> str:
    return f"{minutes // 60} 小时 {minutes % 60} 分 / {minutes // 60} h {minutes % 60} min"


def _yuan(fen: int) -> str:
    return f"{fen // 100}.{fen % 100:02d} 元 / CNY"


def _last_day(end: datetime, zone: tzinfo) -> str:
    """A term that ends with a day, as people write it: its last day, 24:00 (民法典 Art. 203)."""
    return f"{(end.astimezone(zone) - timedelta(microseconds=1)).date()} 24:00"


_TEMPLATES = Environment(
    loader=FileSystemLoader(Path(__file__).with_name("templates")),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_TEMPLATES.filters["hours"] = _hours
_TEMPLATES.filters["yuan"] = _yuan
_TEMPLATES.filters["last_day"] = _last_day


def render_template(template: str, **said: object) -> Response:
    """A page from a template, kept by nobody."""
    headers = {"Cache-Control": "no-store", "Content-Security-Policy": _CONTENT_POLICY}
    page = _TEMPLATES.get_template(template).render(**said)
    return Response(page, headers=headers, media_type="text/html; charset=utf-8")
