"""Who the people of a file are: sealed with the import, held to the rules of a registration, told to nobody."""

import asyncio
from pathlib import Path

import pytest

from app.actions.erasures import erase_person
from app.actions.keys import KeyCabinet, rotate_signing_key
from app.actions.vault import look_up_volunteer, store_personal_data
from app.core.codes import Code
from app.core.erasures import Erasure
from app.core.personal_data import Field, PersonalData
from app.importing import feeding
from app.importing.decoding import BadFile
from app.importing.fields import ImportKind
from app.importing.importing import NotAllowed, run_import
from app.store.database import Database
from tests.support.cities import a_city
from tests.support.city_rows import REGION, name_city
from tests.support.clocks import Clock
from tests.support.import_files import PERSON_HEADER, a_person, an_order, import_file, read_csv, write_teams
from tests.support.imported_people import PROGRAMME, VAULT, a_file, import_people, number_of, opened, told_of
from tests.support.ledgers import fetch_rows, fetch_tables
from tests.support.people import find_in_database, someone
from tests.support.sites import MASTER_KEY
from tests.support.soundness import assert_all_sound

CITY = name_city("cixi", volunteers=0, merchants=0)
MOVED = {"imports", "import_refusals", "audit_rows", "audit_heads"}
"""Tables that tell of imports themselves."""
SHOWN = """
SELECT v.masked_name, v.born_on::text, v.status FROM volunteers v
JOIN volunteer_external_ids x ON x.volunteer_id = v.id WHERE x.external_id = :number
"""


@pytest.fixture(autouse=True)
async def _city(database: Database, clock: Clock, tmp_path: Path) -> None:
    """A city with its teams."""
    await a_city(database, clock, volunteers=0, merchants=0, fund_fen=0)
    await import_file(database, clock, ImportKind.TEAMS, write_teams(tmp_path))


@pytest.mark.parametrize("own_process_bytes", [0, feeding.OWN_PROCESS_BYTES])
async def test_people_come_in_with_all_that_identifies_them(
    database: Database, clock: Clock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, own_process_bytes: int
) -> None:
    """Each opens to what the file told, in the one spelling, also read in a process of its own; others see masks."""
    monkeypatch.setattr(feeding, "OWN_PROCESS_BYTES", own_process_bytes)
    rows = [
        a_person(1),
        a_person(2, 姓名="欧阳霁澜", 手机号="+86 138-0013-8000", 身份证号码=str(a_person(2)[3]).lower(), 出生日期=""),
        a_person(3, 姓名="", 手机号="", 身份证号码="", 出生日期="2001-02-03"),
    ]
    report = await import_people(database, clock, a_file(tmp_path, rows))
    assert (report.counts, report.sealed) == ((3, 3, 0, 0), 2)
    assert await opened(database, "V1") == told_of(1)
    assert await opened(database, "V2") == told_of(2, "欧阳霁澜", "13800138000")
    assert await opened(database, "V3") is None
    assert [await fetch_rows(database, SHOWN, number=f"V{n}") for n in (1, 2, 3)] == [
        [("陈**", "1990-01-01", "active")],
        [("欧阳**", "1990-01-01", "active")],
        [("*", "2001-02-03", "active")],
    ]
    async with database.begin() as tx:
        found = [
            await look_up_volunteer(tx, VAULT, PROGRAMME, field, value)
            for field, value in ((Field.PHONE, "13800138000"), (Field.ID_NUMBER, str(a_person(1)[3])))
        ]
    assert found == [[await number_of(database, "V2")], [await number_of(database, "V1")]]
    trail = "SELECT changes->'sealed_columns' FROM audit_rows WHERE changes->>'kind' = 'volunteers'"
    assert await fetch_rows(database, trail) == [(["name", "phone", "id_number"],)]
    await assert_all_sound(database, CITY)


async def test_a_document_of_somebody_else_is_refused(
    database: Database, clock: Clock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Registered before, or in an earlier row of this or another chunk; a dry run says the same and keeps nothing."""
    monkeypatch.setattr(feeding, "BATCH", 3)
    await import_people(database, clock, a_file(tmp_path, [a_person(1)]))
    rows = [
        a_person(2),
        a_person(3, 身份证号码=a_person(1)[3]),
        a_person(4, 身份证号码=a_person(2)[3]),
        a_person(5, 身份证号码=a_person(2)[3]),
        a_person(6),
        a_person(2),
        a_person(7, 身份证号码=a_person(6)[3]),
    ]
    path = a_file(tmp_path, rows)
    before = await fetch_tables(database)
    rehearsed = await import_people(database, clock, path, dry_run=True, errors=tmp_path / "told.csv")
    assert await fetch_tables(database) == before
    report = await import_people(database, clock, path, errors=tmp_path / "kept.csv")
    assert (rehearsed.counts, rehearsed.sealed) == (report.counts, report.sealed) == ((7, 2, 1, 4), 2)
    assert read_csv(tmp_path / "told.csv") == read_csv(tmp_path / "kept.csv")
    kept = await fetch_rows(database, "SELECT DISTINCT field, code, fault FROM import_refusals")
    assert kept == [("id_number", Code.ALREADY_EXISTS.value, "document-taken")]
    await assert_all_sound(database, CITY)


async def test_a_document_that_is_being_registered_is_waited_for(
    database: Database, clock: Clock, tmp_path: Path
) -> None:
    """Somebody registers with it while the import runs: the import waits, and refuses its row, never breaks."""
    await import_people(database, clock, a_file(tmp_path, [a_person(1, 姓名="", 手机号="", 身份证号码="")]))
    volunteer = await number_of(database, "V1")
    async with database.begin() as tx:
        assert await store_personal_data(tx, VAULT, PROGRAMME, volunteer, told_of(2), clock.now) is None
        running = asyncio.create_task(import_people(database, clock, a_file(tmp_path, [a_person(2), a_person(3)])))
        await asyncio.sleep(0.5)
        assert not running.done()
    assert (await running).counts == (2, 1, 0, 1)


async def test_a_second_run_changes_nothing(database: Database, clock: Clock, tmp_path: Path) -> None:
    """Neither the same file nor one that tells something else of those whom the vault knows."""
    path = a_file(tmp_path, [a_person(1), a_person(2)])
    await import_people(database, clock, path)
    before = await fetch_tables(database, MOVED)
    again = await import_people(database, clock, path)
    assert (again.counts, again.sealed) == ((2, 0, 2, 0), 0)
    other = await import_people(database, clock, a_file(tmp_path, [a_person(1, 姓名="张三丰")]))
    assert (other.counts, other.sealed) == ((1, 0, 1, 0), 0)
    assert await fetch_tables(database, MOVED) == before


async def test_who_came_without_a_name_gets_it_later(database: Database, clock: Clock, tmp_path: Path) -> None:
    """A mapping left the columns out: a second run seals them, once, with mask and birthday; own data stays."""
    mapping = tmp_path / "mapping.toml"
    mapping.write_text('[columns]\nname = ""\nphone = ""\nid_number = ""\nborn_on = ""\n', encoding="utf-8")
    path = a_file(tmp_path, [a_person(1), a_person(2), a_person(1)])
    first = await import_people(database, clock, path, mapping=mapping)
    assert (first.counts.added, list(first.sealed_columns), len(first.personal)) == (2, [], 3)
    async with database.begin() as tx:
        mine = PersonalData(name="陈某某")
        assert await store_personal_data(tx, VAULT, PROGRAMME, await number_of(database, "V2"), mine, clock.now) is None
    second = await import_people(database, clock, path)
    assert (second.counts, second.sealed) == ((3, 0, 3, 0), 1)
    assert [await opened(database, f"V{n}") for n in (1, 2)] == [told_of(1), mine]
    assert await fetch_rows(database, SHOWN, number="V1") == [("陈**", "1990-01-01", "active")]
    await assert_all_sound(database, CITY)


async def test_of_who_has_left_nothing_is_taken(database: Database, clock: Clock, tmp_path: Path) -> None:
    """By the file, or by what the programme knows better: no vault, no mask, whatever the columns say."""
    header = (*PERSON_HEADER, "状态")
    bare = a_person(2, 姓名="", 手机号="", 身份证号码="")
    await import_people(database, clock, a_file(tmp_path, [(*a_person(1), "注销"), (*bare, "注销")], header))
    report = await import_people(database, clock, a_file(tmp_path, [(*a_person(2), "正常")], header))
    assert (report.counts.known, report.sealed) == (1, 0)
    assert await fetch_rows(database, "SELECT count(*) FROM person_keys") == [(0,)]
    for number in ("V1", "V2"):
        assert await fetch_rows(database, SHOWN, number=number) == [("*", "1990-01-01", "left")]


async def test_a_column_of_ones_own_is_read(database: Database, clock: Clock, tmp_path: Path) -> None:
    """A mapping may name the column of a name; for anything that is not sealed it may not."""
    header = ("志愿者编号", "行政区划代码", "居民姓名")
    mapping = tmp_path / "mapping.toml"
    mapping.write_text('[columns]\nname = "居民姓名"\n', encoding="utf-8")
    await import_people(database, clock, a_file(tmp_path, [("V1", REGION, "欧阳霁澜")], header), mapping=mapping)
    assert await opened(database, "V1") == PersonalData(name="欧阳霁澜")
    mapping.write_text('[columns]\nteam = "居民姓名"\n', encoding="utf-8")
    with pytest.raises(BadFile, match="personal data and is not read"):
        await import_people(database, clock, tmp_path / "people.csv", mapping=mapping)


async def test_an_imported_person_is_erased_whole(database: Database, clock: Clock, tmp_path: Path) -> None:
    """Key, values, indexes, number, mask and birthday are gone; the other one is untouched, the ledger sound."""
    gone, stays = someone(1), someone(2)
    rows = [
        a_person(n, 姓名=it.name, 手机号=it.phone, 身份证号码=it.id_number, 出生日期="")
        for n, it in enumerate((gone, stays), 1)
    ]
    await import_people(database, clock, a_file(tmp_path, rows))
    volunteer = await number_of(database, "V1")
    async with database.begin() as tx:
        erasure = Erasure(
            volunteer=volunteer, reason="本人申请", requested_by="vol_x", approved_by="usr_y", erased_at=clock.now
        )
        assert await erase_person(tx, PROGRAMME, erasure)
    for table in ("person_keys", "vault_fields", "vault_indexes", "volunteer_external_ids"):
        left = await fetch_rows(database, f"SELECT DISTINCT volunteer_id FROM {table}")
        assert left == [(await number_of(database, "V2"),)]
    shown = "SELECT masked_name, born_on, status FROM volunteers WHERE id = :id"
    assert await fetch_rows(database, shown, id=volunteer) == [("*", None, "left")]
    assert await find_in_database(database, (*gone.secrets, *stays.secrets)) == []
    await assert_all_sound(database, CITY)


async def test_other_keys_than_the_services_are_refused(database: Database, clock: Clock, tmp_path: Path) -> None:
    """What nobody could open again is not sealed: the import says which key is missing, and writes nothing."""
    path = a_file(tmp_path, [a_person(1)])
    await make_signing_key(database, clock)
    before = await fetch_tables(database)
    order = an_order(ImportKind.VOLUNTEERS, path)
    with pytest.raises(NotAllowed, match="LIYU_MASTER_KEY"):
        await run_import(database, order, clock, lambda _counts: None, lambda: KeyCabinet(database, b"x" * 32))
    assert await fetch_tables(database) == before
    assert (await import_people(database, clock, path)).sealed == 1


async def make_signing_key(database: Database, clock: Clock) -> None:
    """A signing key as a programme is made with."""
    cabinet = KeyCabinet(database, MASTER_KEY)
    async with database.begin() as tx:
        await rotate_signing_key(tx, cabinet, PROGRAMME, clock)
