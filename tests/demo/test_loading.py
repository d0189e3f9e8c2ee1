"""The demo's city is loaded by the importing code: the people and hours that were drawn, verified, and sound."""

from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from app.api.services import Services
from app.core.ids import UserId
from app.demo import people_loading
from app.demo.figures import CityFigures, sandbox_figures
from app.demo.loading import CityLoader, DemoFailed
from app.demo.people import Person, draw_people
from app.jobs.verifying import run_verify
from app.main import make_services
from app.settings import Settings
from app.store.database import Database
from app.store.teams import Team
from tests.support.clocks import Clock
from tests.support.ledgers import fetch_rows


def _show_nothing(_what: str, _done: int, _total: int) -> None:
    """Nobody watches."""


@pytest.fixture
async def services(database: Database, clock: Clock, tmp_path: Path) -> AsyncIterator[Services]:
    """The parts that the loader works with."""
    made = make_services(Settings(database_url=database.url, data_dir=tmp_path), database, clock)
    yield made
    await made.committers.close()


async def test_all_people_and_hours_are_in(
    services: Services, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In several chunks: every record drawn is verified, with its place and its stays, and the ledger is sound."""
    monkeypatch.setattr(people_loading, "CHUNK", 6)
    drawn: list[Person] = []

    def draw(
        figures: CityFigures, teams: Sequence[Team], count: int, recorder: UserId, now: datetime
    ) -> Iterator[Person]:
        drawn.extend(draw_people(figures, teams, count, recorder, now))
        return iter(drawn)

    city = await CityLoader(services, sandbox_figures(), _show_nothing, draw).load(1)
    views = {view.record.id: view for person in drawn for view in person.records}
    assert city.volunteers == [person.volunteer.id for person in drawn]
    assert city.records == len(views) > 50
    rows = await fetch_rows(
        database,
        "SELECT id, state, recorder_id, verifier_id, minutes, activity, check_ins FROM service_records",
    )
    assert len(rows) == len(views)
    for record, state, recorder, verifier, minutes, activity, check_ins in rows:
        view = views[record]
        told = (view.record.minutes, view.activity, [moment for stay in view.items.check_ins for moment in stay])
        assert (state, recorder, verifier) == ("verified", city.organiser, city.admin)
        assert (minutes, activity, check_ins) == told
    report = await run_verify(database, city.programme, lambda _done, _total: None)
    assert (report.findings, report.transactions > len(views)) == ((), True)


async def test_a_record_that_is_refused_ends_the_load(services: Services) -> None:
    """Service that is not over is no demo: the load says so instead of leaving it out."""

    def draw(
        figures: CityFigures, teams: Sequence[Team], count: int, recorder: UserId, now: datetime
    ) -> Iterator[Person]:
        for person in draw_people(figures, teams, count, recorder, now):
            later = timedelta(days=2000)
            yield Person(
                person.volunteer,
                tuple(
                    replace(
                        view,
                        record=replace(
                            view.record,
                            started_at=view.record.started_at + later,
                            ended_at=view.record.ended_at + later,
                        ),
                    )
                    for view in person.records
                ),
            )

    with pytest.raises(DemoFailed, match="volunteers and their hours: PARAM_ERROR"):
        await CityLoader(services, sandbox_figures(), _show_nothing, draw).load(1)
