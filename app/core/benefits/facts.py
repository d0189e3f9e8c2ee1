"""The facts that an application is judged by: gathered once, frozen, and hashed, so that anybody can judge again.

Opaque ids and figures only, never a name, a day of birth or a document. An age that nobody knows is not there, and
a criterion that asks for it is then not met. `app/store/benefit_facts.py` gathers them.
"""

import json
from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import date
from hashlib import sha256
from types import MappingProxyType
from typing import NamedTuple

from app.core.benefits.model import Value
from app.core.honours import HonourLevel

FACTS_VERSION = 1
SOURCES_MAX = 50
"""So many ids of records are kept beside a figure; how many there are in all is kept too."""
ADVERSE_YEARS = 3
"""How long an adverse record counts (广西, 惠州: three years without one)."""


class Variable(NamedTuple):
    """What a criterion may speak of: its CEL type, its names, its unit for people (empty: none)."""

    kind: str
    name: str
    name_en: str
    unit: str = ""


_VARIABLES = {
    "active": Variable("bool", "在册有效", "active membership"),
    "stars": Variable("int", "星级", "stars", "star"),
    "minutes": Variable("int", "累计服务时长", "service hours in all", "minute"),
    "window_minutes": Variable("int", "核定期内服务时长", "service hours in the qualifying window", "minute"),
    "free_minutes": Variable("int", "核定期内未使用时长", "unused service hours in the qualifying window", "minute"),
    "honours": Variable("int", "表彰次数", "honours", "time"),
    "honour_level": Variable("int", "最高表彰级别", "highest honour", "level"),
    "four_tens": Variable("int", "“四个10”表彰次数", "honours of the Four Tens", "time"),
    "region": Variable("string", "所在地区", "region"),
    "age": Variable("int", "年龄", "age", "year"),
    "registered_months": Variable("int", "注册月数", "months since registration", "month"),
    "adverse": Variable("int", f"近{ADVERSE_YEARS}年不良记录", f"adverse records in {ADVERSE_YEARS} years", "time"),
}
VARIABLES: Mapping[str, Variable] = MappingProxyType(_VARIABLES)
"""The vocabulary of criteria. `honour_level` is 0 without one, 1 other, 2 county, 3 city, 4 provincial, 5 national."""

HONOUR_RANKS = (HonourLevel.OTHER, HonourLevel.COUNTY, HonourLevel.CITY, HonourLevel.PROVINCIAL, HonourLevel.NATIONAL)
"""Levels of honours from below; the first counts as 1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """What a figure comes from: ids as on the wire, the newest first, `SOURCES_MAX` at most, and how many in all."""

    ids: tuple[str, ...] = ()
    count: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What was known of one volunteer for one version of a benefit, as of the end of a business day.

    `minutes` are all verified minutes, those that benefits consumed among them; `window_minutes` the service in the
    qualifying window from `window_from` to `as_of`, by service records; `consumed` what of it is used up by grants.
    """

    volunteer: str
    benefit: str
    """Code and version, as `Benefit.reference` says them."""
    as_of: date
    active: bool
    stars: int
    star_minutes: tuple[int, ...]
    """The programme's table of stars that `stars` was read from."""
    minutes: int
    region: str
    registered_on: date
    registered_months: int
    window_from: date | None = None
    window_minutes: int = 0
    consumed: int = 0
    honours: int = 0
    honour_level: int = 0
    four_tens: int = 0
    age: int | None = None
    adverse: int = 0
    held: tuple[str, ...] = ()
    """The codes of benefits of which a grant is valid or a place is claimed, in order, each once."""
    records: Sources = Sources()
    """Service records behind the minutes: of the window where there is one, else of all."""
    honour_sources: Sources = Sources()
    adverse_sources: Sources = Sources()

    @property
    def free_minutes(self) -> int:
        """What of the qualifying window no grant has consumed."""
        return max(0, self.window_minutes - self.consumed)

    @property
    def lacks_quality(self) -> bool:
        """Whether evaluations keep from stars that the minutes would give."""
        return bisect_right(self.star_minutes, self.minutes) > self.stars

    def variables(self) -> Mapping[str, Value]:
        """The facts as criteria name them; an unknown age is left out."""
        known: dict[str, Value | None] = {name: getattr(self, name) for name in VARIABLES}
        return {name: value for name, value in known.items() if value is not None}

    def sources_of(self, variable: str) -> Sources:
        """The records behind one fact; none for what stands with the volunteer."""
        if variable in {"stars", "minutes", "window_minutes", "free_minutes"}:
            return self.records
        if variable in {"honours", "honour_level", "four_tens"}:
            return self.honour_sources
        return self.adverse_sources if variable == "adverse" else Sources()


def encode_facts(facts: Facts) -> bytes:
    """The canonical bytes: JSON, UTF-8, keys sorted, no spaces, integers, texts, booleans, days as 2026-11-27."""
    said: dict[str, object] = {"v": FACTS_VERSION}
    for field in fields(facts):
        said[field.name] = _plain(getattr(facts, field.name))
    return json.dumps(said, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def _plain(value: object) -> object:
    match value:
        case Sources():
            return {"count": value.count, "ids": list(value.ids)}
        case date():
            return value.isoformat()
        case tuple():
            return list(value)
        case _:
            return value


def hash_facts(facts: Facts) -> bytes:
    """SHA-256 of the canonical bytes: what an application and a grant name the facts by."""
    return sha256(encode_facts(facts)).digest()


def decode_facts(written: bytes | str) -> Facts:
    """Read what `encode_facts` wrote, of this version or an older one."""
    said = json.loads(written)
    if said.pop("v", None) != FACTS_VERSION:
        raise ValueError("facts of a version that is not known")
    for name in ("as_of", "registered_on", "window_from"):
        said[name] = date.fromisoformat(said[name]) if said[name] is not None else None
    for name in ("star_minutes", "held"):
        said[name] = tuple(said[name])
    for name in ("records", "honour_sources", "adverse_sources"):
        said[name] = Sources(ids=tuple(said[name]["ids"]), count=said[name]["count"])
    return Facts(**said)


class FactChange(NamedTuple):
    """One fact that is no longer what it was; None: not known."""

    fact: str
    before: Value | None
    after: Value | None


def compare_facts(before: Facts, after: Facts) -> tuple[FactChange, ...]:
    """What has changed of what criteria can ask for, in the order of `VARIABLES`, and the benefits held at the end."""
    changes = [
        FactChange(name, getattr(before, name), getattr(after, name))
        for name in VARIABLES
        if getattr(before, name) != getattr(after, name)
    ]
    if before.held != after.held:
        changes.append(FactChange("held", " ".join(before.held), " ".join(after.held)))
    return tuple(changes)
