"""Consent that came before: the people of a file agreed in the older system to the keeping of their data.

Whoever imports them says to which text and when. Each who is sealed gets a row in the ledger of consents, with the
channel `import`; below 14 on that day it must have been the guardian's (PIPL Art. 31).
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time
from hashlib import sha256
from zoneinfo import ZoneInfo

from app.core.business_days import business_day
from app.importing.decoding import BadFile
from app.importing.feeding import FeedPlan
from app.importing.mapping import Mapping_
from app.importing.newcomers import AgreedElsewhere
from app.importing.values import read_day, read_moment

_VERSION = re.compile(r"[0-9A-Za-z][0-9A-Za-z_.-]{0,31}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Agreement:
    """As it is told on the command line."""

    version: str
    at: str


def agreed_elsewhere(
    told: Agreement | None, plan: FeedPlan, now: datetime, personal: Sequence[str]
) -> AgreedElsewhere | None:
    """What was agreed to, as values. Raises BadFile for what cannot be, or for a file without personal data."""
    if told is None:
        return None
    if not personal:
        raise BadFile("a consent to the keeping of name, phone and document: the file has none of these columns")
    if not _VERSION.fullmatch(told.version):
        raise BadFile("--consent-version: up to 32 letters, digits, _ . and -")
    zone = ZoneInfo(plan.zone)
    day = read_day(told.at)
    at = datetime.combine(day, time(), zone).astimezone(UTC) if day else read_moment(told.at, None, zone)
    if at is None:
        raise BadFile("--consent-at: not a day or moment; write for example 2024-03-05 or 2024-03-05 09:30")
    if at > now:
        raise BadFile("--consent-at: nobody agreed in the future")
    return AgreedElsewhere(told.version, at, business_day(at, plan.zone))


def hash_reading(mapping: Mapping_, agreed: AgreedElsewhere | None) -> bytes:
    """What tells apart how a file is read: its mapping, and to what its people are said to have agreed."""
    if agreed is None:
        return mapping.sha256
    return sha256(mapping.sha256 + f"\0{agreed.version}\0{agreed.at.isoformat()}".encode()).digest()
