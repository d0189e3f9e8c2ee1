"""The vault on a real database: rotation that can be broken off, a restored backup, tables that tell nothing."""

import asyncio
import base64
import contextlib
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from uuid import uuid4

import asyncpg
import pytest
from sqlalchemy import make_url, text
from typer.testing import CliRunner, Result

from app.actions.erasures import erase_person
from app.actions.vault import open_personal_data, store_personal_data
from app.actions.vault_keys import rotate_person_keys
from app.cli import cli
from app.core.codes import Code, Rejected
from app.core.erasures import Erasure
from app.core.identity_numbers import Document, IdType
from app.core.ids import VolunteerId, format_id
from app.core.personal_data import PersonalData
from app.security.sealing import UnsealRefused
from app.security.vault import ORIGINAL_KEY, PersonVault, make_person_vault
from app.store.database import Database
from tests.support.cities import a_city
from tests.support.city_rows import City
from tests.support.clocks import Clock
from tests.support.databases import TestServer, a_database, execute_outside
from tests.support.ledgers import fetch_rows, fetch_table
from tests.support.people import find_in_database, someone
from tests.support.sites import MASTER_KEY
from tests.support.soundness import assert_all_sound

NEW = b"n" * 32


def data_of_someone(number: int) -> PersonalData:
    """Personal data of a made-up person."""
    one = someone(number)
    return PersonalData(name=one.name, phone=one.phone, document=Document(IdType.RESIDENT_ID, one.id_number))


async def fill(database: Database, city: City, vault: PersonVault, clock: Clock) -> None:
    """Everybody of the city with personal data."""
    async with database.begin() as tx:
        for number, volunteer in enumerate(city.volunteers):
            data = data_of_someone(number)
            assert await store_personal_data(tx, vault, city.programme, volunteer, data, clock.now) is None


async def opened(database: Database, city: City, vault: PersonVault) -> list[PersonalData | None]:
    """What a vault reads of everybody."""
    async with database.read() as reader:
        return [await open_personal_data(reader, vault, city.programme, volunteer) for volunteer in city.volunteers]


async def run(database: Database, monkeypatch: pytest.MonkeyPatch, arguments: Sequence[str], **more: str) -> Result:
    """Call `liyu vault` on a database."""
    monkeypatch.setenv("LIYU_DATABASE_URL", database.url)
    monkeypatch.setenv("LIYU_MASTER_KEY", base64.b64encode(MASTER_KEY).decode())
    for name, value in more.items():
        monkeypatch.setenv(name, value)
    return await asyncio.to_thread(CliRunner().invoke, cli, ["vault", *arguments])


async def test_keys_rotate_while_everything_stays_readable(
    database: Database, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the command: afterwards the new key alone opens everybody, and a second run has nothing to do."""
    city = await a_city(database, clock)
    await fill(database, city, make_person_vault(MASTER_KEY), clock)
    fields, indexes = await fetch_table(database, "vault_fields"), await fetch_table(database, "vault_indexes")
    keys = f"2027={base64.b64encode(NEW).decode()}"
    said = await run(database, monkeypatch, ["rotate"], LIYU_VAULT_KEYS=keys)
    assert said.exit_code == 0, said.output
    assert "cixi: 3 persons' keys sealed anew under 2027 (now 2027: 3)" in said.output
    new_alone = make_person_vault(b"x" * 32, {"2027": NEW}, "2027")
    assert await opened(database, city, new_alone) == [data_of_someone(number) for number in range(3)]
    assert (await fetch_table(database, "vault_fields"), await fetch_table(database, "vault_indexes")) == (
        fields,
        indexes,
    )
    again = await run(database, monkeypatch, ["rotate"])
    assert "cixi: 0 persons' keys sealed anew" in again.output


async def test_a_rotation_that_broke_off_goes_on(
    database: Database, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two of three are done when it dies: those stay done, everybody is readable between, the rest follows."""
    city = await a_city(database, clock)
    await fill(database, city, make_person_vault(MASTER_KEY), clock)
    both = make_person_vault(MASTER_KEY, {"2027": NEW}, "2027")
    monkeypatch.setattr("app.actions.vault_keys._AT_ONCE", 1)
    for _ in range(2):
        async with database.begin() as tx:
            assert await rotate_person_keys(tx, both, city.programme) == 1
    with contextlib.suppress(InterruptedError):
        async with database.begin() as tx:
            await rotate_person_keys(tx, both, city.programme)
            raise InterruptedError
    names = "SELECT sealed_under, count(*) FROM person_keys GROUP BY 1 ORDER BY 1"
    assert await fetch_rows(database, names) == [("2027", 2), (ORIGINAL_KEY, 1)]
    assert await opened(database, city, both) == [data_of_someone(number) for number in range(3)]
    async with database.begin() as tx:
        assert await rotate_person_keys(tx, both, city.programme) == 1
    assert await fetch_rows(database, names) == [("2027", 3)]


async def test_a_rotation_without_the_old_key_stops_and_changes_nothing(
    database: Database, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It says what to add, and ends with 1."""
    city = await a_city(database, clock)
    older = make_person_vault(MASTER_KEY, {"2026": b"o" * 32}, "2026")
    await fill(database, city, older, clock)
    before = await fetch_table(database, "person_keys")
    keys = f"2027={base64.b64encode(NEW).decode()}"
    said = await run(database, monkeypatch, ["rotate"], LIYU_VAULT_KEYS=keys)
    assert said.exit_code == 1
    assert "not in LIYU_VAULT_KEYS" in said.output
    assert await fetch_table(database, "person_keys") == before


async def test_rows_that_are_swapped_open_for_nobody(database: Database, clock: Clock) -> None:
    """Whoever may write the tables cannot make one person's data appear as another's."""
    city = await a_city(database, clock)
    vault = make_person_vault(MASTER_KEY)
    await fill(database, city, vault, clock)
    one, two = city.volunteers[:2]
    async with database.begin() as tx:
        taken = "SELECT sealed FROM vault_fields WHERE volunteer_id = :two AND field = 'name'"
        swap = f"UPDATE vault_fields SET sealed = ({taken}) WHERE volunteer_id = :one AND field = 'name'"
        await tx.execute(text(swap), {"one": one, "two": two})
    async with database.read() as reader:
        with pytest.raises(UnsealRefused):
            await open_personal_data(reader, vault, city.programme, one)


async def test_two_who_bring_one_document_at_once_are_told_apart(database: Database, clock: Clock) -> None:
    """One is sealed, the other refused; nobody gets an error of the database."""
    city = await a_city(database, clock)
    vault, data = make_person_vault(MASTER_KEY), data_of_someone(1)

    async def bring(volunteer: VolunteerId) -> Rejected | None:
        async with database.begin() as tx:
            return await store_personal_data(tx, vault, city.programme, volunteer, data, clock.now)

    answers = await asyncio.gather(*map(bring, city.volunteers))
    refused = Rejected(Code.ALREADY_EXISTS, {"field": "id_number"})
    assert sorted(answers, key=str) == sorted([None, refused, refused], key=str)


@contextlib.asynccontextmanager
async def a_restored_backup(server: TestServer, taken_of: Database) -> AsyncIterator[str]:
    """A copy of a database as it is now, under a name of its own: what a backup holds."""
    backup = f"{server.template}_backup_{uuid4().hex[:8]}"
    await taken_of.close()
    await execute_outside(
        server, f"CREATE DATABASE {backup} TEMPLATE {make_url(taken_of.url).database} STRATEGY FILE_COPY"
    )
    yield backup
    await execute_outside(server, f"DROP DATABASE IF EXISTS {backup} WITH (FORCE)")


async def test_a_restored_backup_comes_to_its_erasures_again(
    server: TestServer, database: Database, clock: Clock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """ACCEPTANCE 15: backup, erasure, loss of the database, restore, list applied: erased again, ledger sound."""
    city, vault = await a_city(database, clock), make_person_vault(MASTER_KEY)
    await fill(database, city, vault, clock)
    gone, stays = city.volunteers[0], city.volunteers[1]
    listed = tmp_path / "erasures.jsonl"
    async with a_restored_backup(server, database) as backup:
        async with database.begin() as tx:
            erasure = Erasure(
                volunteer=gone, reason="本人申请", requested_by="vol_x", approved_by="usr_y", erased_at=clock.now
            )
            assert await erase_person(tx, city.programme, erasure)
        said = await run(database, monkeypatch, ["erasures", str(listed)])
        assert said.exit_code == 0, said.output
        async with a_database(server, backup) as restored:
            assert await opened(restored, city, vault) == [data_of_someone(number) for number in range(3)]
            for _ in range(2):  # applying it twice is applying it once
                said = await run(restored, monkeypatch, ["reapply-erasures", str(listed)])
                assert said.exit_code == 0, said.output
                assert "1 persons erased again; 0 are not in this database" in said.output
            names = [data.name if data else None for data in await opened(restored, city, vault)]
            assert names == [None, data_of_someone(1).name, data_of_someone(2).name]
            assert await fetch_rows(restored, "SELECT volunteer_id FROM erasures") == [(gone,)]
            assert await fetch_rows(restored, "SELECT masked_name, status FROM volunteers WHERE id = :id", id=gone) == [
                ("*", "left")
            ]
            assert await fetch_rows(restored, "SELECT status FROM volunteers WHERE id = :id", id=stays) == [("active",)]
            audit = "SELECT DISTINCT subject FROM audit_rows WHERE action = 'erasure.reapply'"
            assert await fetch_rows(restored, audit) == [(format_id("vol", gone),)]
            await assert_all_sound(restored, city)
            assert await find_in_database(restored, someone(0).secrets) == []


async def test_an_erasure_of_somebody_who_is_not_there_is_passed_over(
    server: TestServer, database: Database, clock: Clock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A backup older than the volunteer: told, not failed."""
    await a_city(database, clock)
    line = (
        f'{{"programme": "cixi", "volunteer_id": "vol_{7:032x}", "reason": "r", "requested_by": "a", '
        '"approved_by": "b", "erased_at": "2026-03-02T09:00:00+08:00"}\n'
    )
    listed = tmp_path / "erasures.jsonl"
    listed.write_text(line, encoding="utf-8")
    said = await run(database, monkeypatch, ["reapply-erasures", str(listed)])
    assert "0 persons erased again; 1 are not in this database" in said.output


@pytest.mark.parametrize("line", ["{", "[]", '{"programme": "cixi"}', "vol_1", '"x"'])
async def test_what_is_no_list_is_refused_whole(
    database: Database, clock: Clock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, line: str
) -> None:
    """With the line that is wrong, before anybody was erased."""
    listed = tmp_path / "erasures.jsonl"
    listed.write_text(line + "\n", encoding="utf-8")
    said = await run(database, monkeypatch, ["reapply-erasures", str(listed)])
    assert said.exit_code == 2
    assert "line 1" in said.output


async def test_no_key_survives_in_the_tables_of_the_vault(database: Database, clock: Clock) -> None:
    """What the database holds is sealed: the person's key opens nothing without the vault's."""
    city, vault = await a_city(database, clock), make_person_vault(MASTER_KEY)
    await fill(database, city, vault, clock)
    with pytest.raises(UnsealRefused):
        await opened(database, city, make_person_vault(b"y" * 32))
    connection = await asyncpg.connect(database.url)
    try:
        lengths = await connection.fetch("SELECT DISTINCT octet_length(digest) AS size FROM vault_indexes")
    finally:
        await connection.close()
    assert [row["size"] for row in lengths] == [32]
