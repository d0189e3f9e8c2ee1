"""Cells as values: days, moments, minutes. Strict, quick, and remembering what it has read: cells repeat."""

import re
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from enum import StrEnum
from functools import lru_cache

from app.core.quantities import Instant

_DAY = re.compile(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?")
_COMPACT = re.compile(r"(\d{4})(\d{2})(\d{2})")
_TIME = re.compile(r"(\d{1,2})[:：](\d{2})(?:[:：](\d{2})(?:\.0+)?)?")
_HOURS = re.compile(r"(\d{1,5})(?:\.(\d{1,6}))?")
_HOURS_MINUTES = re.compile(r"(?:(\d{1,4})\s*(?:小时|时|h))?\s*(?:(\d{1,4})\s*(?:分钟|分|min|m))?", re.IGNORECASE)
_MIDNIGHT = time()
_ONE_DAY = timedelta(days=1)


class Fault(StrEnum):
    """What is wrong with a cell."""

    MISSING = "missing"
    NOT_A_DAY = "not-a-day"
    NOT_A_TIME = "not-a-time"
    NOT_A_DURATION = "not-a-duration"
    NOT_A_NUMBER = "not-a-number"
    UNKNOWN_WORD = "unknown-word"
    TOO_LONG = "too-long"
    TWICE = "twice-in-the-file"
    NO_SUCH = "no-such"
    NOT_ALLOWED = "not-allowed"
    MASKED = "masked"
    NOT_A_PHONE = "not-a-phone"
    DOCUMENT_FORM = "document-form"
    DOCUMENT_KIND = "document-kind"
    DOCUMENT_BIRTHDAY = "document-birthday"
    DOCUMENT_CHECK = "document-check"
    DOCUMENT_TAKEN = "document-taken"
    OF_A_DOCUMENT = "of-a-document"
    NO_BIRTHDAY = "no-birthday"
    OTHER_BIRTHDAY = "other-birthday"
    GUARDIAN_CONSENTS = "guardian-consents"


class CellFault(Exception):
    """A cell that cannot be read: which field, and what is wrong."""

    def __init__(self, field: str, fault: Fault) -> None:
        super().__init__(f"{field}: {fault.value}")
        self.field = field
        self.fault = fault


@lru_cache(maxsize=50_000)
def read_day(text: str) -> date | None:
    """A day as people and systems write it: 2024-03-05, 2024/3/5, 2024年3月5日, 20240305."""
    found = _DAY.fullmatch(text) or _COMPACT.fullmatch(text)
    if found is None:
        return None
    try:
        return date(*map(int, found.groups()))
    except ValueError:
        return None


@lru_cache(maxsize=10_000)
def read_time(text: str) -> timedelta | None:
    """A time of day, as what has passed since midnight; 24:00 is the end of the day."""
    found = _TIME.fullmatch(text)
    if found is None:
        return None
    hours, minutes, seconds = (int(part or 0) for part in found.groups())
    passed = timedelta(hours=hours, minutes=minutes, seconds=seconds)
    return passed if minutes < 60 and seconds < 60 and passed <= _ONE_DAY else None  # noqa: PLR2004 - of a clock


@lru_cache(maxsize=200_000)
def read_moment(text: str, day: date | None, zone: tzinfo) -> Instant | None:
    """A moment: a day with a time, or a time alone on a day that is known. Local time of the zone, told in UTC."""
    head, _, tail = text.replace("T", " ").partition(" ")
    clock = read_time(tail.strip()) if tail else read_time(head)
    on = read_day(head) if tail else day
    if clock is None or on is None:
        return None
    if clock == _ONE_DAY:
        on, clock = on + _ONE_DAY, timedelta()
    return (datetime.combine(on, _MIDNIGHT) + clock).replace(tzinfo=zone).astimezone(UTC)


@lru_cache(maxsize=10_000)
def read_hours(text: str) -> int | None:
    """A duration in hours as whole minutes: 3.5, 3:30, 3小时30分.

    Decimal hours become the nearest minute, half a minute up, without floats: whole minutes that a system wrote as
    hours with two decimals (20 minutes as 0.33) come back exactly.
    """
    if found := _HOURS.fullmatch(text):
        whole, decimals = found[1], found[2] or ""
        scale = int(10 ** len(decimals))
        return (2 * 60 * int(whole + decimals) + scale) // (2 * scale)
    if found := _TIME.fullmatch(text):
        return int(found[1]) * 60 + int(found[2])
    found = _HOURS_MINUTES.fullmatch(text)
    if found is None or not any(found.groups()):
        return None
    return int(found[1] or 0) * 60 + int(found[2] or 0)


@lru_cache(maxsize=10_000)
def read_whole(text: str) -> int | None:
    """A whole number that is not negative."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 9 else None  # noqa: PLR2004 - fits anywhere
