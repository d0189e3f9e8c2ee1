"""Consents that people of a file gave in the older system: whose they are, which text, when, and what is refused."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import text
from typer.testing import CliRunner
from uuid_utils.compat import uuid7

from app.cli import cli
from app.core.consents import Channel, Purpose
from app.core.ids import ProgrammeId, VolunteerId, parse_id
from app.importing.agreeing import Agreement
from app.importing.decoding import BadFile
from app.importing.fields import ImportKind
from app.store.consents import fetch_consent
from app.store.database import Database
from tests.support.cities import a_city
from tests.support.city_rows import REGION, name_city
from tests.support.clocks import Clock
from tests.support.import_files import import_file, read_csv, write_csv
from tests.support.ledgers import fetch_rows
from tests.support.soundness import assert_all_sound

PROGRAMME = ProgrammeId("cixi")
HEADER = ("志愿者编号", "行政区划代码", "姓名", "出生日期", "同意人")
AGREED = Agreement("2023-1", "2024-06-01")
ROWS = """
SELECT x.external_id, c.purpose, c.number, c.step, c.version, c.channel, c.given_by, c.at FROM consents c
JOIN volunteer_external_ids x ON x.volunteer_id = c.volunteer_id ORDER BY 1, 3
"""
_SPOKEN = text("""
INSERT INTO consents (programme_id, volunteer_id, id, purpose, number, step, version, channel, given_by, actor, at)
VALUES ('cixi', :volunteer, :id, 'data_registration', :number, :step, '2026-1', 'web', 'self', 'vol_x', :at)
""")
AT = datetime(2024, 5, 31, 16, tzinfo=UTC)
"""The beginning of the first of June 2024 in the city."""


@pytest.fixture(autouse=True)
async def _city(database: Database, clock: Clock) -> None:
    """A city without anybody."""
    await a_city(database, clock, volunteers=0, merchants=0, fund_fen=0)


def a_row(number: int, born_on: str = "1990-01-01", by: str = "", name: str = "陈志明") -> tuple[str, ...]:
    """Somebody, and who agreed for them."""
    return (f"V{number}", REGION, name, born_on, by)


async def test_each_who_is_sealed_has_the_consent(database: Database, clock: Clock, tmp_path: Path) -> None:
    """To the keeping of their data, in the named text, from the first moment of the named day on, by the import."""
    rows = [a_row(1), a_row(2, name=""), a_row(3, "2015-01-01", "监护人"), a_row(4, "", "本人")]
    path = write_csv(tmp_path / "people.csv", [HEADER, *rows])
    for added in (4, 0):  # a second run adds none
        report = await import_file(database, clock, ImportKind.VOLUNTEERS, path, agreement=AGREED)
        assert (report.counts.added, report.counts.refused) == (added, 0)
    said = ("data_registration", 1, "given", "2023-1", "import")
    assert await fetch_rows(database, ROWS) == [
        ("V1", *said, "self", AT),
        ("V3", *said, "guardian", AT),
        ("V4", *said, "self", AT),
    ]
    [(volunteer, actor)] = await fetch_rows(
        database,
        """SELECT c.volunteer_id, c.actor FROM consents c
           JOIN volunteer_external_ids x ON x.volunteer_id = c.volunteer_id AND x.external_id = 'V1'""",
    )
    imports = await fetch_rows(database, "SELECT id FROM imports ORDER BY started_at, id LIMIT 1")
    assert [(parse_id("imp", actor),)] == imports
    async with database.read() as reader:
        consent = await fetch_consent(reader, PROGRAMME, VolunteerId(volunteer), Purpose.DATA_REGISTRATION, clock.now)
    assert consent is not None
    assert (consent.channel, consent.version) == (Channel.IMPORT, "2023-1")
    await assert_all_sound(database, name_city("cixi", volunteers=0, merchants=0))


async def test_below_14_the_guardian_must_have_agreed(database: Database, clock: Clock, tmp_path: Path) -> None:
    """By the age on the day of the consent; the row is refused whole, and without a consent to note it comes in."""
    rows = [a_row(1, "2010-06-02"), a_row(2, "2010-06-01"), a_row(3, "2010-06-02", "监护人"), a_row(4, by="邻居")]
    path = write_csv(tmp_path / "people.csv", [HEADER, *rows])
    errors = tmp_path / "errors.csv"
    report = await import_file(database, clock, ImportKind.VOLUNTEERS, path, agreement=AGREED, errors=errors)
    assert report.counts == (4, 2, 0, 2)
    assert [(row["行号"], row["出错列"], row["代码"]) for row in read_csv(errors)] == [
        ("2", "同意人", "GUARDIAN_REQUIRED"),
        ("5", "同意人", "PARAM_ERROR"),
    ]
    assert "监护人" in read_csv(errors)[0]["原因"]
    without = await import_file(database, clock, ImportKind.VOLUNTEERS, path)
    assert without.counts == (4, 1, 2, 1)
    again = await import_file(database, clock, ImportKind.VOLUNTEERS, path, agreement=AGREED)
    assert again.counts == (4, 0, 3, 1)


async def test_ones_own_word_stands(database: Database, clock: Clock, tmp_path: Path) -> None:
    """Somebody who took a consent back does not get one again by an import that seals what was missing."""
    bare = write_csv(tmp_path / "bare.csv", [HEADER[:2], a_row(1)[:2]])
    await import_file(database, clock, ImportKind.VOLUNTEERS, bare)
    [(volunteer,)] = await fetch_rows(database, "SELECT volunteer_id FROM volunteer_external_ids")
    async with database.begin() as tx:
        for number, step in enumerate(("given", "withdrawn"), start=1):
            values = {"volunteer": volunteer, "number": number, "step": step, "id": uuid7(), "at": clock.now}
            await tx.execute(_SPOKEN, values)
    path = write_csv(tmp_path / "people.csv", [HEADER, a_row(1)])
    report = await import_file(database, clock, ImportKind.VOLUNTEERS, path, agreement=AGREED)
    assert report.sealed == 1
    assert await fetch_rows(database, "SELECT step FROM consents ORDER BY number") == [("given",), ("withdrawn",)]


@pytest.mark.parametrize(
    "agreement, header, message",
    [
        (AGREED, ("志愿者编号", "行政区划代码"), "none of these columns"),
        (Agreement("v 1", "2024-06-01"), HEADER, "--consent-version"),
        (Agreement("2023-1", "summer"), HEADER, "not a day or moment"),
        (Agreement("2023-1", "2126-01-01 08:00"), HEADER, "in the future"),
    ],
)
async def test_what_cannot_have_been_agreed_to_is_refused(
    database: Database, clock: Clock, tmp_path: Path, agreement: Agreement, header: tuple[str, ...], message: str
) -> None:
    """Before a row is read: nobody comes in."""
    path = write_csv(tmp_path / "people.csv", [header, a_row(1)[: len(header)]])
    with pytest.raises(BadFile, match=message):
        await import_file(database, clock, ImportKind.VOLUNTEERS, path, agreement=agreement)
    assert await fetch_rows(database, "SELECT count(*) FROM volunteers") == [(0,)]


async def test_another_agreement_is_another_import(database: Database, clock: Clock, tmp_path: Path) -> None:
    """A run that was cut off goes on under the same text only: the trail says which was told."""
    path = write_csv(tmp_path / "people.csv", [HEADER, a_row(1)])
    for agreement in (None, AGREED, Agreement("2023-2", "2024-06-01"), Agreement("2023-1", "2024-06-02")):
        await import_file(database, clock, ImportKind.VOLUNTEERS, path, agreement=agreement)
    hashes = await fetch_rows(database, "SELECT count(DISTINCT mapping_sha256) FROM imports")
    versions = await fetch_rows(database, "SELECT DISTINCT changes->>'consent_version' FROM audit_rows ORDER BY 1")
    assert (hashes, versions) == ([(4,)], [("",), ("2023-1",), ("2023-2",)])


@pytest.mark.parametrize("given", [("--consent-version", "2023-1"), ("--consent-at", "2024-06-01")])
def test_the_command_wants_both(tmp_path: Path, given: tuple[str, str]) -> None:
    """A text without a day, or a day without a text, is no consent."""
    path = write_csv(tmp_path / "people.csv", [HEADER, a_row(1)])
    said = CliRunner().invoke(cli, ["import", "volunteers", str(path), *given])
    assert (said.exit_code, "belong together" in said.output) == (2, True)
