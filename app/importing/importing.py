"""One import from beginning to end: look at the file, see who stands for it, write it, tell what was refused."""

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from uuid import UUID

from uuid_utils.compat import uuid7

from app.actions.imports import close_import
from app.actions.keys import KeyCabinet
from app.core.business_days import business_day
from app.core.ids import ProgrammeId
from app.importing.agreeing import Agreement, agreed_elsewhere, hash_reading
from app.importing.decoding import hash_file
from app.importing.feeding import FeedPlan, find_layout
from app.importing.fields import PERSONAL_FIELDS, ImportKind, is_personal
from app.importing.garbage import no_collecting
from app.importing.mapping import Layout, Mapping_, read_mapping
from app.importing.newcomers import AgreedElsewhere
from app.importing.openings import OpeningImport, Sums, check_sums
from app.importing.people import VolunteerImport
from app.importing.refusals import write_refusals
from app.importing.running import RecordImport
from app.importing.stands import Stand
from app.importing.tables import look_at
from app.importing.team_tree import TeamImport
from app.security.actors import ActorKind
from app.security.sealing import UnsealRefused
from app.security.vault import PersonVault
from app.store.database import Database
from app.store.imports import Counts, ImportKey, RefusedRow, fetch_refusals
from app.store.programmes import fetch_programme_ids, fetch_zone
from app.store.relatives import fetch_relatives
from app.store.same_person import fetch_own_accounts
from app.store.users import User, fetch_user_by_name

_PAGE = 5_000
_STOOD_FOR = frozenset((ImportKind.RECORDS, ImportKind.OPENINGS))
"""What counts at once: two administrators stand for it."""


class NotAllowed(Exception):
    """Who was named cannot stand for the import; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportOrder:
    """What is to be imported, how it is read, and who stands for it."""

    kind: ImportKind
    path: Path
    programme: ProgrammeId
    mapping: Path | None = None
    source: str | None = None
    encoding: str = "auto"
    entered_by: str = ""
    verified_by: str = ""
    """User names; two different administrators for records and balances, which count at once."""
    errors: Path | None = None
    dry_run: bool = False
    fast: bool = False
    expect_points: int | None = None
    expect_minutes: int | None = None
    """What a file of opening balances must add up to; None: not asked."""
    agreement: Agreement | None = None
    """Of a file of volunteers: to which text they agreed in the older system, and when."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportReport:
    """What became of a file."""

    counts: Counts
    import_id: UUID | None
    encoding: str
    ignored: Sequence[str]
    personal: Sequence[str]
    """Columns that were not read because they are about persons."""
    sealed_columns: Sequence[str] = ()
    sealed: int = 0
    """Columns that go into the vault, and whose data this run has put there."""
    sums: Sums | None = None
    """Of opening balances: what this run brought over."""


async def run_import(
    database: Database,
    order: ImportOrder,
    clock: Callable[[], datetime],
    show: Callable[[Counts], None],
    keys: Callable[[], KeyCabinet],
) -> ImportReport:
    """Import a file. `keys` is called where a file holds personal data.

    Raises BadFile for one that cannot be read, NotAllowed for those who may not stand for it or whose keys are others.
    """
    zone = await _zone(database, order.programme)
    today = business_day(clock(), zone)
    plan = FeedPlan(look_at(order.path, order.encoding), _mapping(order), zone, today)
    layout = find_layout(plan)
    personal = _personal(order.kind, layout)
    stand = await _stand(database, order) if order.kind in _STOOD_FOR else None
    if order.kind is ImportKind.OPENINGS and (order.expect_points, order.expect_minutes) != (None, None):
        check_sums(plan, order.expect_points, order.expect_minutes)
    agreed = agreed_elsewhere(order.agreement, plan, clock(), personal)
    vault = await _vault(keys(), order.programme) if personal else None
    key = ImportKey(
        kind=order.kind.value,
        source=plan.mapping.source,
        file_name=order.path.name,
        file_sha256=hash_file(order.path).sha256,
        mapping_sha256=hash_reading(plan.mapping, agreed),
        entered_by=stand.entered_by if stand else None,
        verified_by=stand.verified_by if stand else None,
    )
    work = _work(database, order, plan, key, stand, clock, show, vault, agreed)
    with no_collecting():
        now = await work.run()
    if not order.dry_run:
        async with database.begin() as tx:
            vaulted = {"sealed_columns": personal, "consent_version": agreed.version if agreed else ""}
            told = vaulted if personal else {}
            await close_import(tx, order.programme, now.id, key, now.counts, uuid7(), clock(), told)
    if order.errors and now.counts.refused:
        refusals = _listed(work.refused) if order.dry_run else _stored(database, order.programme, now.id)
        await write_refusals(plan, refusals, order.errors)
    return ImportReport(
        counts=now.counts,
        import_id=None if order.dry_run else now.id,
        encoding=plan.table.encoding,
        ignored=[name for name in layout.ignored if not is_personal(name)],
        personal=[name for name in layout.ignored if is_personal(name)],
        sealed_columns=[layout.headers[name] for name in personal],
        sealed=work.sealed if isinstance(work, VolunteerImport) else 0,
        sums=work.sums if isinstance(work, OpeningImport) else None,
    )


def _personal(kind: ImportKind, layout: Layout) -> list[str]:
    """The fields of a file that go into the vault."""
    return [name for name in PERSONAL_FIELDS if name in layout.positions] if kind is ImportKind.VOLUNTEERS else []


async def _vault(cabinet: KeyCabinet, programme: ProgrammeId) -> PersonVault:
    """The vault, when its keys are those of the service: data sealed under others could never be read."""
    try:
        await cabinet.token_keys(programme)
    except UnsealRefused:
        raise NotAllowed("the master key is not the one of this database: set LIYU_MASTER_KEY as the service") from None
    return cabinet.people


def _mapping(order: ImportOrder) -> Mapping_:
    return read_mapping(order.kind, order.mapping, order.source)


def _work(
    database: Database,
    order: ImportOrder,
    plan: FeedPlan,
    key: ImportKey,
    stand: Stand | None,
    clock: Callable[[], datetime],
    show: Callable[[Counts], None],
    vault: PersonVault | None,
    agreed: AgreedElsewhere | None,
) -> RecordImport | VolunteerImport | TeamImport | OpeningImport:
    if stand is not None and order.kind is ImportKind.OPENINGS:
        return OpeningImport(
            database=database,
            programme=order.programme,
            plan=plan,
            key=key,
            stand=stand,
            clock=clock,
            show=show,
            dry_run=order.dry_run,
        )
    if stand is not None:
        return RecordImport(
            database=database,
            programme=order.programme,
            plan=plan,
            key=key,
            stand=stand,
            clock=clock,
            show=show,
            fast=order.fast,
            dry_run=order.dry_run,
        )
    if order.kind is ImportKind.VOLUNTEERS:
        return VolunteerImport(
            database=database,
            programme=order.programme,
            plan=plan,
            key=key,
            clock=clock,
            show=show,
            vault=vault,
            agreed=agreed,
            dry_run=order.dry_run,
        )
    return TeamImport(
        database=database,
        programme=order.programme,
        plan=plan,
        key=key,
        clock=clock,
        show=show,
        dry_run=order.dry_run,
    )


async def _zone(database: Database, programme: ProgrammeId) -> str:
    async with database.read() as reader:
        if programme not in await fetch_programme_ids(reader):
            raise NotAllowed(f"there is no programme {programme}")
        return await fetch_zone(reader, programme)


async def _stand(database: Database, order: ImportOrder) -> Stand:
    """Who enters and who verifies: two administrators, since an import acts for the whole programme."""
    second = "--verified-by" if order.kind is ImportKind.RECORDS else "--approved-by"
    entered_by = await _administrator(database, order.programme, order.entered_by, "--entered-by")
    verified_by = await _administrator(database, order.programme, order.verified_by, second)
    async with database.read() as reader:
        accounts = await fetch_own_accounts(reader, order.programme, verified_by.id)
        relatives = await fetch_relatives(reader, order.programme, verified_by.id)
    if entered_by.id in accounts:
        raise NotAllowed(f"whoever enters a file cannot stand for it alone: name two people with {second}")
    return Stand(
        entered_by=entered_by.id,
        verified_by=verified_by.id,
        verifier_is=verified_by.volunteer,
        relatives=relatives,
    )


async def _administrator(database: Database, programme: ProgrammeId, name: str, option: str) -> User:
    async with database.read() as reader:
        user = await fetch_user_by_name(reader, programme, name) if name else None
    if user is None or user.disabled_at:
        raise NotAllowed(f"{option} names no user of {programme}")
    if user.kind is not ActorKind.ADMIN:
        raise NotAllowed(f"{option}: only administrators import")
    return user


async def _listed(refused: Sequence[RefusedRow]) -> AsyncIterator[RefusedRow]:
    for row in refused:
        yield row


async def _stored(database: Database, programme: ProgrammeId, import_id: UUID) -> AsyncIterator[RefusedRow]:
    """The refusals of an import, also those of before it was cut off."""
    connection = await database.connect_bulk()
    try:
        after = 0
        while page := await fetch_refusals(connection, programme, import_id, after, _PAGE):
            for row in page:
                yield row
            after = page[-1].row_no
    finally:
        await connection.close(timeout=1)
