"""Coming in as people and systems do: with passwords, second factors, refresh tokens, secrets."""

from datetime import datetime
from typing import Any

import httpx
from sqlalchemy import text
from uuid_utils.compat import uuid7

from app.actions.users import NewUser, create_user
from app.core.ids import ClientId, ProgrammeId, UserId, VolunteerId
from app.security.actors import DEFAULT_SCOPES, ActorKind
from app.security.scopes import Scope
from app.store.clients import Client, insert_client
from app.store.database import Database
from app.store.users import User, insert_user
from tests.support.calls import Json
from tests.support.sites import Site

PASSWORD = "correct horse battery"


async def a_user(site: Site, username: str = "meng", kind: ActorKind = ActorKind.ADMIN) -> User:
    """Somebody with a password."""
    new = NewUser(id=UserId(uuid7()), kind=kind, username=username, password=PASSWORD)
    async with site.database.begin() as tx:
        made = await create_user(tx, site.city.programme, new, site.clock.now)
    assert isinstance(made, User)
    return made


async def has_chosen(site: Site, username: str) -> None:
    """As if somebody who was given a password had chosen it again at the first log-in."""
    async with site.database.begin() as tx:
        await tx.execute(
            text("UPDATE users SET must_change_password = false WHERE username = :name"), {"name": username}
        )


async def insert_user_row(database: Database, programme: ProgrammeId, at: datetime) -> UserId:
    """Somebody in the table of users, with a password that nobody has."""
    user = User(
        id=UserId(uuid7()),
        kind=ActorKind.ADMIN,
        username=uuid7().hex,
        password_hash="-",
        merchant=None,
        team=None,
        volunteer=None,
        disabled_at=None,
        created_at=at,
    )
    async with database.begin() as tx:
        assert await insert_user(tx, programme, user)
    return user.id


async def ask_in(site: Site, **changed: Any) -> httpx.Response:  # noqa: ANN401 - JSON
    """Ask to be let in, as `meng` unless said otherwise."""
    body = {"programme": "cixi", "username": "meng", "password": PASSWORD, **changed}
    return await site.client.post("/v1/auth/tokens", json=body)


async def come_in(site: Site, **changed: Any) -> Json:  # noqa: ANN401 - JSON
    """Be let in."""
    answer = await ask_in(site, **changed)
    assert answer.status_code == 200, answer.text
    entered: Json = answer.json()
    return entered


def bearing(entered: Json) -> dict[str, str]:
    """Headers of whoever was let in, with a fresh idempotency key."""
    return {"Authorization": f"Bearer {entered['access_token']}", "Idempotency-Key": uuid7().hex}


async def post_as(site: Site, entered: Json, target: str, body: Json | None = None, status: int = 200) -> Json:
    """Change something as whoever was let in."""
    answer = await site.client.post(target, json=body, headers=bearing(entered))
    assert answer.status_code == status, answer.text
    answered: Json = answer.json()
    return answered


async def refresh_with(site: Site, token: str, status: int = 200) -> Json:
    """Trade a refresh token."""
    answer = await site.client.post("/v1/auth/tokens/refresh", json={"refresh_token": token})
    assert answer.status_code == status, answer.text
    answered: Json = answer.json()
    return answered


async def set_birthday(site: Site, volunteer: VolunteerId, born_on: str) -> None:
    """Say when a volunteer was born."""
    async with site.database.begin() as tx:
        await tx.execute(text(f"UPDATE volunteers SET born_on = '{born_on}' WHERE id = '{volunteer}'"))


async def a_registered_client(
    site: Site, scopes: frozenset[Scope] = DEFAULT_SCOPES[ActorKind.SYSTEM_CLIENT], *networks: str
) -> ClientId:
    """A system in the books, without any credential."""
    client = Client(id=ClientId(uuid7()), name=uuid7().hex, scopes=scopes, networks=networks, created_at=site.clock.now)
    async with site.database.begin() as tx:
        assert await insert_client(tx, site.city.programme, client)
    return client.id
