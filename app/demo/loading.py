"""Loading the city through the actions and commands of production: nothing is written past them."""

import secrets
from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime, timedelta

from uuid_utils.compat import uuid7

from app.actions.honours import enter_honour
from app.actions.merchants import open_store, register_merchant
from app.actions.programmes import change_programme, create_programme
from app.actions.teams import create_team
from app.actions.terminals import register_terminal
from app.actions.users import NewUser, create_user
from app.api.services import Services
from app.core.codes import Rejected
from app.core.commands import Command
from app.core.donations import DepositFund
from app.core.idempotency import AnswerKey
from app.core.identifiers import credit_check_character
from app.core.ids import (
    FundId,
    MerchantId,
    ProgrammeId,
    StoreId,
    TeamId,
    TerminalId,
    TransactionId,
    UserId,
)
from app.core.policies import AccrualPolicy
from app.core.programmes import LapsePolicy
from app.core.quantities import Fen
from app.demo.benefits import load_benefits
from app.demo.consent_texts import load_consent_texts
from app.demo.figures import CityFigures
from app.demo.honours import draw_honours
from app.demo.loaded import LoadedCity, LoadedTerminal
from app.demo.people import Person, draw_people
from app.demo.people_loading import PeopleLoader
from app.engine.batch import Outcome, Submission
from app.security.actors import ActorKind
from app.store.accrual_policies import Publication, insert_policy
from app.store.database import Tx
from app.store.funds import Fund, insert_fund
from app.store.login_settings import LoginSettings, set_login_settings
from app.store.merchants import Merchant, MerchantStatus, Store
from app.store.programmes import ProgrammeRow
from app.store.teams import Team

TERMINALS_PER_STORE = 2
Progress = Callable[[str, int, int], None]
DrawPeople = Callable[[CityFigures, Sequence[Team], int, UserId, datetime], Iterator[Person]]


class DemoFailed(Exception):
    """The city could not be loaded; the message says at what."""


def _must(result: object, what: str) -> None:
    if isinstance(result, Rejected):
        raise DemoFailed(f"{what}: {result.code} {dict(result.detail)}")


class CityLoader:
    """Loads one city."""

    def __init__(
        self, services: Services, figures: CityFigures, progress: Progress, draw: DrawPeople = draw_people
    ) -> None:
        self._services = services
        self._draw = draw
        self._figures = figures
        self._progress = progress
        self._programme = ProgrammeId(figures.programme)
        self._now = services.clock()
        self._city = LoadedCity(
            programme=self._programme,
            admin=UserId(uuid7()),
            auditor=UserId(uuid7()),
            organiser=UserId(uuid7()),
            passwords={name: secrets.token_urlsafe(12) for name in ("admin", "auditor", "organiser")},
        )

    async def load(self, scale: float) -> LoadedCity:
        """Load the city at a scale: 1 is all its volunteers. Teams and merchants are always all there."""
        database = self._services.database
        async with database.begin() as tx:
            await self._make_programme(tx)
            await self._make_users(tx)
            publisher = await load_benefits(tx, self._city, self._now)
            await load_consent_texts(tx, self._city, publisher, self._now)
        fund = await self._make_funds()
        async with database.begin() as tx:
            _must(await change_programme(tx, self._programme, 1, {"settlement_fund": fund}), "settlement fund")
        async with database.begin() as tx:
            teams = await self._make_teams(tx)
            await self._make_merchants(tx)
        await self._make_people(teams, max(20, round(self._figures.volunteers * scale)))
        await self._make_honours([team.id for team in teams])
        return self._city

    async def _make_programme(self, tx: Tx) -> None:
        row = ProgrammeRow(
            id=self._programme,
            name=self._figures.name,
            region_code=self._figures.region,
            zone=self._figures.zone,
            fen_per_hundred_points=300,
            settlement_fund=None,
            lapse_policy=LapsePolicy.GRACE,
            grace_days=30,
            notice_days=0,
            expiry_years=2,
            points_max=100_000,
            sandbox=self._figures.sandbox,
            revision=1,
            created_at=self._now,
        )
        made = await create_programme(tx, self._services.cabinet, row, self._figures.regions, self._services.clock)
        _must(made, "programme")
        policy = AccrualPolicy(
            version="2020-1",
            effective_from=date(2020, 1, 1),
            rate_per_hour=10,
            coefficients_bp={1: 10_000, 2: 12_000, 3: 15_000},
        )
        publication = Publication(created_by=self._city.admin, created_at=self._now)
        await insert_policy(tx, self._programme, policy, publication)

    async def _make_users(self, tx: Tx) -> None:
        people = (
            (self._city.admin, ActorKind.ADMIN, "admin"),
            (self._city.auditor, ActorKind.AUDITOR, "auditor"),
            (self._city.organiser, ActorKind.ORGANISER, "organiser"),
        )
        for user, kind, name in people:
            new = NewUser(id=user, kind=kind, username=name, password=self._city.passwords[name])
            _must(await create_user(tx, self._programme, new, self._now), name)
        await set_login_settings(tx, self._programme, LoginSettings(demo=True), self._now)

    async def _make_funds(self) -> FundId:
        first = None
        for given in self._figures.funds:
            fund = Fund(
                id=FundId(uuid7()),
                code=given.code,
                name=given.name,
                sponsor=given.sponsor,
                purpose=given.purpose,
                created_at=self._now,
            )
            first = first or fund.id
            async with self._services.database.begin() as tx:
                await insert_fund(tx, self._programme, fund)
            if given.amount_fen:
                deposit = DepositFund(
                    fund=fund.id,
                    transaction=TransactionId(uuid7()),
                    fen=Fen(given.amount_fen),
                    received_at=self._now - timedelta(days=800),
                    actor="system",
                )
                await self.submit(deposit, f"fund:{given.code}")
        if first is None:
            raise DemoFailed("no fund")
        return first

    async def submit(self, command: Command, key: str) -> Outcome:
        """Send a command through the committer, as production does."""
        submission = Submission(command=command, key=AnswerKey("demo", key), body_hash=b"demo")
        outcome = await self._services.committers.submit(self._programme, submission)
        _must(outcome.answer, key)
        return outcome

    async def _make_teams(self, tx: Tx) -> list[Team]:
        figures = self._figures
        teams: list[Team] = []

        async def make(name: str, kind: str, region: str, parent: Team | None) -> Team:
            team = Team(
                id=TeamId(uuid7()),
                parent=parent.id if parent else None,
                tier=parent.tier + 1 if parent else 1,
                kind=kind,
                name=name,
                region_code=region,
                created_at=self._now,
            )
            _must(await create_team(tx, self._programme, team), name)
            teams.append(team)
            self._progress("teams", len(teams), figures.teams)
            return team

        corps = [await make(f"{kind}总队", kind, figures.region, None) for kind in figures.team_kinds]
        brigades = [
            await make(f"{town.name}{corp.kind}大队", corp.kind, town.code, corp)
            for corp in corps
            for town in figures.towns
        ]
        stations = [*figures.named_stations]
        stations += [f"We志愿服务站{number:02d}" for number in range(len(stations) + 1, figures.we_stations + 1)]
        for number, station in enumerate(stations):
            brigade = brigades[number % len(brigades)]
            await make(station, "We志愿服务站", brigade.region_code, brigade)
        number = 0
        while len(teams) < figures.teams:
            brigade = brigades[number % len(brigades)]
            await make(
                f"{brigade.kind}第{number // len(brigades) + 1}小队",
                brigade.kind,
                brigade.region_code,
                brigade,
            )
            number += 1
        return teams

    async def _make_merchants(self, tx: Tx) -> None:
        towns = self._figures.towns
        for number in range(1, self._figures.merchants + 1):
            town = towns[number % len(towns)]
            body = f"92{self._figures.region}MA2D{number:05d}"
            merchant = Merchant(
                id=MerchantId(uuid7()),
                name=f"示范爱心商家{number:02d}",
                credit_code=body + credit_check_character(body),
                status=MerchantStatus.ACTIVE,
                region_code=town.code,
                revision=1,
                created_at=self._now,
            )
            _must(await register_merchant(tx, self._programme, merchant), merchant.name)
            store = Store(
                id=StoreId(uuid7()),
                merchant=merchant.id,
                name=f"{town.name}店",
                region_code=town.code,
                created_at=self._now,
            )
            _must(await open_store(tx, self._programme, store), store.name)
            for till in range(1, TERMINALS_PER_STORE + 1):
                await self._make_terminal(tx, store, f"{till}号收银台")

    async def _make_terminal(self, tx: Tx, store: Store, label: str) -> None:
        vault = self._services.cabinet.vault
        terminal = TerminalId(uuid7())
        issued = await register_terminal(tx, vault, self._programme, terminal, store.id, label, self._now)
        if isinstance(issued, Rejected):
            raise DemoFailed(f"terminal: {issued.code}")
        self._city.terminals.append(
            LoadedTerminal(terminal=terminal, secret=issued.secret, merchant=store.merchant, store=store.id)
        )

    async def _make_people(self, teams: list[Team], count: int) -> None:
        people = self._draw(self._figures, teams, count, self._city.organiser, self._now)
        loader = PeopleLoader(self._services, self._programme, self._city.admin)
        what = "volunteers and their hours"
        _must(await loader.load(people, lambda done: self._progress(what, done, count)), what)
        self._city.volunteers, self._city.records = loader.volunteers, loader.records

    async def _make_honours(self, teams: Sequence[TeamId]) -> None:
        honours = draw_honours(self._figures, self._city.volunteers, teams, self._now.date())
        async with self._services.database.begin() as tx:
            for honour in honours:
                entered = await enter_honour(tx, self._programme, honour, self._city.admin, self._now)
                _must(entered, honour.name)
