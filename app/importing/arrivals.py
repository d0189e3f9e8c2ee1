"""Rows of a file of service records as commands: made ahead, while PostgreSQL takes those before them."""

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import UTC, date, tzinfo
from typing import NamedTuple

from uuid_utils.compat import uuid7

from app.core.codes import Code
from app.core.ids import RecordId, TeamId, TransactionId, VolunteerId, format_id, parse_id
from app.core.imports import ImportRecord, ImportRow
from app.core.record_numbers import ImportItems, RecordNumber
from app.core.rows import ImportedRecord
from app.importing.feeding import FeedPlan, Understood, feed
from app.importing.stands import Stand

AHEAD = 20
"""So many batches of commands wait at most: what the largest chunk takes is ready when the one before it is done."""

_REMEMBERED_MAX = 100_000

GIVE_WAY = 8
"""After so many commands others have their turn."""


class Refusal(NamedTuple):
    """Why a row makes no command: by which field, with which code, and what is wrong with the cell."""

    field: str
    code: str
    fault: str = ""


class Prepared(NamedTuple):
    """A row: its number in the file, and what it asks for or why it cannot be asked for."""

    row_no: int
    asked: ImportRecord | Refusal


@dataclass(slots=True, kw_only=True)
class CommandMaker:
    """Makes commands of the rows of one file: who and which team their numbers stand for, and who answers for them."""

    source: str
    stand: Stand
    volunteers: Mapping[str, VolunteerId]
    teams: Mapping[str, TeamId]
    birthdays: Mapping[str, date] = field(default_factory=dict)
    """When whoever has a number was born, where that is known and the rules for minors are asked for."""
    zone: tzinfo = UTC
    _references: dict[str, str] = field(default_factory=dict)

    def prepare(self, understood: Understood) -> Prepared:
        """What a row asks for."""
        row_no, row, field_name, fault = understood
        if not isinstance(row, ImportRow):
            return Prepared(row_no, Refusal(field_name, Code.PARAM_ERROR.value, fault))
        volunteer = self.volunteers.get(row.volunteer_no)
        if volunteer is None:
            return Prepared(row_no, Refusal("volunteer", Code.NOT_FOUND.value))
        team = self.teams.get(row.team_no)
        if team is None:
            return Prepared(row_no, Refusal("team", Code.NOT_FOUND.value))
        born_on = self.birthdays.get(row.volunteer_no)
        if born_on is not None and (refused := row.refuse_minor(born_on, self.zone)):
            named = "hazardous" if refused.code is Code.NOT_FOR_MINORS else "guardian"
            return Prepared(row_no, Refusal(named, refused.code.value))
        stand = self.stand
        record = row.record(RecordId(uuid7()), volunteer, team, stand.entered_by)
        in_charge = self._refer(row.in_charge)
        items = ImportItems(row.activity, row.place, row.content, in_charge, row.check_ins, row.guardian, row.hazardous)
        command = ImportRecord(
            told=ImportedRecord(record, RecordNumber(self.source, row.external_no), items),
            transaction=TransactionId(uuid7()),
            verifier=stand.verified_by,
            verifier_is=stand.verifier_is,
            relatives=stand.relatives,
        )
        return Prepared(row_no, command)

    def _refer(self, told: str) -> str:
        """Who was in charge, as a reference. A name is not kept: it is personal data."""
        reference = self._references.get(told)
        if reference is None:
            known = self.volunteers.get(told)
            if known is not None:
                reference = format_id("vol", known)
            else:
                reference = told if parse_id("usr", told) or parse_id("vol", told) else ""
            if len(self._references) >= _REMEMBERED_MAX:
                self._references.clear()
            self._references[told] = reference
        return reference


async def prepare_ahead(plan: FeedPlan, maker: CommandMaker, skip: int) -> AsyncGenerator[Sequence[Prepared]]:
    """The rows of a file but for the first ones, prepared some batches ahead. Raises BadFile where it breaks off."""
    ready: asyncio.Queue[Sequence[Prepared] | Exception | None] = asyncio.Queue(AHEAD)
    preparing = asyncio.create_task(_prepare(plan, maker, skip, ready))
    try:
        while (batch := await ready.get()) is not None:
            if isinstance(batch, Exception):
                raise batch
            yield batch
    finally:
        preparing.cancel()
        await asyncio.gather(preparing, return_exceptions=True)


async def _prepare(
    plan: FeedPlan, maker: CommandMaker, skip: int, ready: "asyncio.Queue[Sequence[Prepared] | Exception | None]"
) -> None:
    try:
        async with aclosing(feed(plan)) as batches:
            async for batch in batches:
                fresh = batch[skip:]
                skip -= len(batch) - len(fresh)
                prepared: list[Prepared] = []
                for row in fresh:
                    prepared.append(maker.prepare(row))
                    if len(prepared) % GIVE_WAY == 0:
                        await asyncio.sleep(0)
                await ready.put(prepared)
    except Exception as error:  # noqa: BLE001 - raised again where the rows are waited for
        await ready.put(error)
    else:
        await ready.put(None)
