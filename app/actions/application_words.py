"""What people write in an application, sealed with its applicant's key before it is kept."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from app.core.applications.material import Material
from app.core.applications.model import Application, Step
from app.core.ids import ProgrammeId
from app.security.words import Place
from app.store.database import Tx
from app.store.words import fetch_or_make_key, seal_or_drop, seal_words


async def seal_statement(tx: Tx, programme: ProgrammeId, application: Application, statement: str, at: datetime) -> str:
    """The applicant's statement as it may be kept."""
    place, row = Place.APPLICATION_STATEMENT, application.id.hex
    return await seal_words(tx, programme, application.volunteer, place, row, statement, at)


async def seal_material(
    tx: Tx, programme: ProgrammeId, application: Application, material: Sequence[Material], at: datetime
) -> tuple[Material, ...]:
    """Where the pieces lie and what is noted of them, as it may be kept; code and hash stay as they are."""
    if not material:
        return ()
    key = await fetch_or_make_key(tx, programme, application.volunteer, at)
    place, row = Place.APPLICATION_MATERIAL, application.id.hex
    return tuple(
        replace(
            piece,
            reference=seal_or_drop(key, place, row, piece.reference),
            note=seal_or_drop(key, place, row, piece.note),
        )
        for piece in material
    )


async def seal_steps(
    tx: Tx, programme: ProgrammeId, application: Application, steps: Sequence[Step], at: datetime
) -> tuple[Step, ...]:
    """Steps with their reasons as they may be kept. What the ledger refuses with is a code, not words."""
    if not any(step.reason for step in steps):
        return tuple(steps)
    key = await fetch_or_make_key(tx, programme, application.volunteer, at)
    place, row = Place.APPLICATION_STEP, application.id.hex
    return tuple(replace(step, reason=seal_or_drop(key, place, row, step.reason)) for step in steps)
