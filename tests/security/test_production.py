"""Production refuses to start with what anybody knows, and takes secrets from files."""

import base64
import secrets
from collections.abc import Mapping
from pathlib import Path

import pytest

from app.demo.running import run_demo
from app.main import create_app, refuse_demo
from app.settings import BadSetting, read_settings
from app.store.database import Database
from app.store.login_settings import LoginSettings, set_login_settings
from tests.support.cities import a_city
from tests.support.clocks import Clock
from tests.support.sites import MASTER_KEY


def _key(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


FIT = {
    "LIYU_ENVIRONMENT": "production",
    "LIYU_MASTER_KEY": _key(secrets.token_bytes(32)),
    "LIYU_DATABASE_URL": "postgresql://service:kT7-long-and-drawn@db/liyu",
    "LIYU_PUBLIC_URL": "https://liyu.example.cn",
}


def test_what_is_fit_for_production_starts_limited() -> None:
    """Rates are on without being asked for."""
    settings = read_settings(FIT)
    assert settings.production
    assert 0 not in {settings.rate_address, settings.rate_actor, settings.rate_till}


@pytest.mark.parametrize(
    "told, named",
    [
        ({"LIYU_MASTER_KEY": ""}, "LIYU_MASTER_KEY"),
        ({"LIYU_MASTER_KEY": _key(bytes(32))}, "LIYU_MASTER_KEY is a demo key"),
        ({"LIYU_MASTER_KEY": _key(MASTER_KEY)}, "LIYU_MASTER_KEY is a demo key"),
        ({"LIYU_DATABASE_URL": "postgresql://liyu:postgres@db/liyu"}, "LIYU_DATABASE_URL"),
        ({"LIYU_PUBLIC_URL": ""}, "LIYU_PUBLIC_URL"),
        ({"LIYU_PUBLIC_URL": "http://liyu.example.cn"}, "LIYU_PUBLIC_URL"),
        ({"LIYU_LOG_LEVEL": "debug"}, "LIYU_LOG_LEVEL"),
        ({"LIYU_TOKEN_LIFETIME_S": "86400"}, "LIYU_TOKEN_LIFETIME_S"),
        ({"LIYU_RATE_ADDRESS": "0"}, "LIYU_RATE_ADDRESS"),
        (
            {
                "LIYU_WECHAT_APPID": "wx1",
                "LIYU_WECHAT_SECRET": "9f8e7d6c5b4a",
                "LIYU_WECHAT_BASE_URL": "http://stand-in",
            },
            "LIYU_WECHAT_BASE_URL",
        ),
        ({"LIYU_WECHAT_APPID": "wx1", "LIYU_WECHAT_SECRET": "secret"}, "LIYU_WECHAT_SECRET"),
    ],
)
def test_what_is_not_fit_for_production_is_refused_by_name(told: Mapping[str, str], named: str) -> None:
    """Each reason names its variable; the same is allowed elsewhere."""
    with pytest.raises(BadSetting, match="not fit for production") as refused:
        read_settings({**FIT, **told})
    assert named in str(refused.value)
    read_settings({**FIT, **told, "LIYU_ENVIRONMENT": "development"})


def test_a_refusal_tells_no_secret() -> None:
    """What is wrong with a key is told without the key."""
    with pytest.raises(BadSetting) as refused:
        read_settings({**FIT, "LIYU_MASTER_KEY": _key(MASTER_KEY)})
    assert _key(MASTER_KEY) not in str(refused.value)


@pytest.mark.parametrize(
    "told", [{"LIYU_ENVIRONMENT": "prod"}, {"LIYU_WECHAT_APPID": "wx1"}, {"LIYU_WECHAT_SECRET": "s"}]
)
def test_half_a_setting_is_refused(told: Mapping[str, str]) -> None:
    """An environment that is none; an app without its secret, and the other way round."""
    with pytest.raises(BadSetting):
        read_settings(told)


def test_secrets_come_from_files(tmp_path: Path) -> None:
    """As container platforms hand them over: with a line end, by name."""
    given = {"MASTER_KEY": FIT["LIYU_MASTER_KEY"], "DATABASE_URL": FIT["LIYU_DATABASE_URL"], "WECHAT_SECRET": "9f8e"}
    environ = {"LIYU_ENVIRONMENT": "production", "LIYU_WECHAT_APPID": "wx1", "LIYU_PUBLIC_URL": "https://l.cn"}
    for name, value in given.items():
        path = tmp_path / name
        path.write_text(value + "\n", encoding="utf-8")
        environ[f"LIYU_{name}_FILE"] = str(path)
    settings = read_settings(environ)
    assert settings.master_key == base64.b64decode(FIT["LIYU_MASTER_KEY"])
    assert (settings.database_url, settings.wechat_secret) == (given["DATABASE_URL"], "9f8e")
    assert "9f8e" not in repr(settings)


@pytest.mark.parametrize(
    "content, both, told", [(None, False, "cannot be read"), ("", False, "empty"), ("x", True, "both")]
)
def test_a_secret_file_that_does_not_do_is_refused(
    tmp_path: Path, content: str | None, told: str, *, both: bool
) -> None:
    """One that is not there, is empty, or is not the only word."""
    path = tmp_path / "key"
    if content is not None:
        path.write_text(content, encoding="utf-8")
    environ = {"LIYU_MASTER_KEY_FILE": str(path), **({"LIYU_MASTER_KEY": FIT["LIYU_MASTER_KEY"]} if both else {})}
    with pytest.raises(BadSetting, match=told):
        read_settings(environ)


async def test_a_database_with_a_demo_in_it_is_not_served(database: Database, clock: Clock) -> None:
    """Its passwords were printed: the service says which programme, and does not start."""
    settings = read_settings({**FIT, "LIYU_DATABASE_URL": database.url.replace("://", "://", 1)})
    city = await a_city(database, clock)
    await refuse_demo(settings, database)
    async with database.begin() as tx:
        await set_login_settings(tx, city.programme, LoginSettings(demo=True), clock.now)
        await set_login_settings(tx, city.programme, LoginSettings(second_factor=True), clock.now)
    with pytest.raises(BadSetting, match="cixi"):
        await refuse_demo(settings, database)
    app = create_app(settings)
    with pytest.raises(BadSetting, match="cixi"):
        async with app.router.lifespan_context(app):
            pass


def test_there_is_no_demo_in_production(monkeypatch: pytest.MonkeyPatch) -> None:
    """`liyu demo` prints passwords."""
    for name, value in FIT.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(BadSetting, match="no demo"):
        run_demo(scale=0.001, check=True, port=0, data_dir=None)
