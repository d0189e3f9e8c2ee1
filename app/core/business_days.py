"""Business days: the calendar day of a moment where the programme is, and the moment at which a day ends."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from app.core.quantities import Instant


def business_day(at: Instant, zone: str) -> date:
    """The calendar day of a moment in a time zone."""
    return at.astimezone(ZoneInfo(zone)).date()


def end_of_day(day: date, zone: str) -> Instant:
    """24:00 of a day: the first moment that no longer belongs to it."""
    return datetime.combine(day + timedelta(days=1), time(), ZoneInfo(zone)).astimezone(UTC)
