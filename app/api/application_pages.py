"""Pages about applications, to print: the notice for the village board, the reference letter for an authority."""

from datetime import datetime
from zoneinfo import ZoneInfo

from fastapi import Response
from pydantic import BaseModel

from app.api.pages import render_template


def render_page(template: str, said: BaseModel, at: datetime, zone: str) -> Response:
    """A page from a template: Chinese with English, days those of the programme."""
    local = ZoneInfo(zone)
    return render_template(template, said=said, printed_on=at.astimezone(local).date(), zone=local)
