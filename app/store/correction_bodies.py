"""What a correction order keeps as JSON: its amendment and the impact that was previewed."""

import json
from dataclasses import asdict
from typing import Any
from uuid import UUID

from app.core.codes import Code
from app.core.correction_impacts import Impact, PersonImpact
from app.core.corrections import Amendment
from app.core.ids import RecordId, VolunteerId


def encode_amendment(amendment: Amendment | None) -> str | None:
    """An amendment as JSON; none for an order that withdraws."""
    return None if amendment is None else json.dumps(asdict(amendment), ensure_ascii=False)


def decode_amendment(stored: str | None) -> Amendment | None:
    """The amendment as it was written."""
    return None if stored is None else Amendment(**json.loads(stored))


def encode_impact(impact: Impact | None) -> str | None:
    """An impact as JSON, ids in hex."""
    return None if impact is None else json.dumps(asdict(impact), default=_hex)


def _hex(value: object) -> str:
    if not isinstance(value, UUID):
        raise TypeError(type(value).__name__)
    return value.hex


def decode_impact(stored: str | None) -> Impact | None:
    """The impact as it was written."""
    if stored is None:
        return None
    values: dict[str, Any] = json.loads(stored)
    return Impact(
        records=values["records"],
        refused=tuple((RecordId(UUID(hex=record)), Code(code)) for record, code in values["refused"]),
        minutes_taken=values["minutes_taken"],
        minutes_given=values["minutes_given"],
        months=tuple(values["months"]),
        people=tuple(_person(each) for each in values["people"]),
    )


def _person(values: dict[str, Any]) -> PersonImpact:
    named = {"volunteer": VolunteerId(UUID(hex=values["volunteer"])), "lots": tuple(map(tuple, values["lots"]))}
    return PersonImpact(**{**values, **named})
