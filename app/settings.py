"""The settings of a process, read once from `LIYU_*`. Only the composition root and the command line read them."""

import base64
import binascii
import os
import re
import secrets
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta
from difflib import get_close_matches
from pathlib import Path

from app.core.sessions import SESSIONS_KEPT
from app.security.production import Deployment, production_faults
from app.security.sealing import Algorithm
from app.security.vault import ORIGINAL_KEY, PersonVault, make_person_vault

_KEY_BYTES = 32
_KEY_NAME = re.compile(r"[0-9A-Za-z_.-]{1,32}")
_PREFIX = "LIYU_"
_SECRETS = ("MASTER_KEY", "DATABASE_URL", "WECHAT_SECRET")
_NEAR = 0.85
_NAMES = frozenset(
    (
        *("MASTER_KEY", "MASTER_KEY_FILE", "DATABASE_URL", "DATABASE_URL_FILE", "WECHAT_SECRET", "WECHAT_SECRET_FILE"),
        *("DATA_DIR", "PG_BINDIR", "HOST", "PORT", "WORKERS", "QUEUE_MAX", "BATCH_MAX", "BODY_BYTES_MAX"),
        *("TOKEN_LIFETIME_S", "JOBS_EVERY_S", "VAULT_ALGORITHM", "VAULT_KEYS", "VAULT_KEYS_FILE", "LOG_LEVEL"),
        *("LOG_JSON", "ENVIRONMENT", "PUBLIC_URL", "HSTS", "WECHAT_APPID", "WECHAT_BASE_URL", "RATE_ADDRESS"),
        *("RATE_ACTOR", "RATE_TILL", "GUESSES_A_MINUTE", "SESSIONS_KEPT_DAYS"),
    )
)
"""What this module reads; the README has the same list, and a test compares the three."""
_OTHER_NAMES = frozenset(("NEW_PASSWORD", "TILL_SECRET", "TERMINAL_SECRET"))
"""What single commands read."""


class BadSetting(Exception):
    """A setting that cannot be used; the message names it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything a process can be told. The README lists them with their variables."""

    database_url: str | None = None
    data_dir: Path = Path(".liyu")
    pg_bindir: Path | None = None
    master_key: bytes | None = None
    host: str = "127.0.0.1"
    port: int = 8000
    workers: int = 1
    queue_max: int = 2_000
    batch_max: int = 256
    body_bytes_max: int = 64 * 1024
    token_lifetime: timedelta = timedelta(minutes=15)
    jobs_every: timedelta = timedelta(minutes=1)
    vault_algorithm: str = "AES-256-GCM"
    vault_keys: str = ""
    vault_keys_file: Path | None = None
    log_level: str = "INFO"
    log_json: bool = False
    production: bool = False
    public_url: str | None = None
    hsts: bool = False
    wechat_appid: str | None = None
    wechat_secret: str | None = field(default=None, repr=False)
    wechat_base_url: str = "https://api.weixin.qq.com"
    rate_address: int = 0
    rate_actor: int = 0
    rate_till: int = 0
    guesses_a_minute: int = 30
    sessions_kept: timedelta = SESSIONS_KEPT


def _integer(name: str, text: str, low: int, high: int) -> int:
    if not text.isascii() or not text.isdigit() or not low <= int(text) <= high:
        raise BadSetting(f"{_PREFIX}{name} must be a whole number from {low} to {high}, not {text!r}")
    return int(text)


def _refuse_misspelt(given: Mapping[str, str]) -> None:
    """A name that nobody reads but that looks like a setting: else the service would run without what was meant."""
    for name in sorted(set(given) - _NAMES - _OTHER_NAMES):
        if meant := get_close_matches(name, _NAMES, n=1, cutoff=_NEAR):
            raise BadSetting(f"{_PREFIX}{name} is no setting of Liyu: was {_PREFIX}{meant[0]} meant?")


def _database_url(text: str | None) -> str | None:
    """An address is never shown in a refusal: it holds a password."""
    if text is not None and not text.startswith(("postgresql://", "postgres://")):
        raise BadSetting("LIYU_DATABASE_URL must be like postgresql://user:password@host:port/database")
    return text


def _public_url(text: str | None) -> str | None:
    """The address at which the world finds the service, ending in a slash."""
    if text is None:
        return None
    if not re.fullmatch(r"https?://[0-9A-Za-z.:\[\]-]+/?", text):
        raise BadSetting("LIYU_PUBLIC_URL must be like https://liyu.example.cn, without a path")
    return f"{text.rstrip('/')}/"


def _switch(given: Mapping[str, str], name: str) -> bool:
    text = given.get(name, "0")
    if text not in {"0", "1"}:
        raise BadSetting(f"{_PREFIX}{name} must be 0 or 1, not {text!r}")
    return text == "1"


def decode_master_key(text: str) -> bytes:
    """Read a master key: 32 bytes in base64. Raises BadSetting for anything else."""
    return decode_key("LIYU_MASTER_KEY", text)


def decode_key(variable: str, text: str) -> bytes:
    """Read a key of 32 bytes in base64. Raises BadSetting for anything else, without telling it."""
    try:
        key = base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise BadSetting(f"{variable} must be base64") from error
    if len(key) != _KEY_BYTES:
        raise BadSetting(f"{variable} must hold {_KEY_BYTES} bytes in base64")
    return key


def _given(environ: Mapping[str, str]) -> dict[str, str]:
    """What is set, with secrets out of the files that `*_FILE` names (as container platforms hand them over)."""
    given = {name[len(_PREFIX) :]: value for name, value in environ.items() if name.startswith(_PREFIX) and value}
    for name in _SECRETS:
        path = given.pop(f"{name}_FILE", None)
        if path is None:
            continue
        if name in given:
            raise BadSetting(f"{_PREFIX}{name} and {_PREFIX}{name}_FILE are both set")
        try:
            given[name] = Path(path).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise BadSetting(f"{_PREFIX}{name}_FILE cannot be read: {path}") from error
        if not given[name]:
            raise BadSetting(f"{_PREFIX}{name}_FILE is empty: {path}")
    return given


def _rates(given: Mapping[str, str], *, production: bool) -> dict[str, int]:
    """Calls a second. In production they are limited unless said otherwise, elsewhere only when it is said."""
    usual = {"RATE_ADDRESS": 100, "RATE_ACTOR": 20, "RATE_TILL": 50}
    return {
        name.lower(): _integer(name, given.get(name, str(rate if production else 0)), 0, 1_000_000)
        for name, rate in usual.items()
    }


def _environment(given: Mapping[str, str]) -> bool:
    named = given.get("ENVIRONMENT", "development")
    if named not in {"development", "production"}:
        raise BadSetting("LIYU_ENVIRONMENT must be development or production")
    return named == "production"


def _check(settings: Settings) -> Settings:
    """Refuse what does not go together, and in production what is not fit for it."""
    if (settings.wechat_appid is None) != (settings.wechat_secret is None):
        raise BadSetting("LIYU_WECHAT_APPID and LIYU_WECHAT_SECRET go together")
    if settings.production:
        told = Deployment(
            master_key=settings.master_key,
            database_url=settings.database_url,
            log_level=settings.log_level,
            token_lifetime=settings.token_lifetime,
            wechat_secret=settings.wechat_secret,
            wechat_base_url=settings.wechat_base_url,
            public_url=settings.public_url,
            rates_off=0 in {settings.rate_address, settings.rate_actor, settings.rate_till},
        )
        if faults := production_faults(told):
            raise BadSetting("not fit for production: " + "; ".join(faults))
    return settings


def read_settings(environ: Mapping[str, str]) -> Settings:
    """Read the settings from the environment. Raises BadSetting, naming the variable."""
    given = _given(environ)
    _refuse_misspelt(given)
    plain = Settings()
    level = given.get("LOG_LEVEL", plain.log_level).upper()
    if level not in {"DEBUG", "INFO", "WARNING", "ERROR"}:
        raise BadSetting("LIYU_LOG_LEVEL must be DEBUG, INFO, WARNING or ERROR")
    lifetime_s = _integer("TOKEN_LIFETIME_S", given.get("TOKEN_LIFETIME_S", "900"), 60, 86_400)
    production = _environment(given)
    read = replace(
        plain,
        production=production,
        public_url=_public_url(given.get("PUBLIC_URL")),
        hsts=_switch(given, "HSTS"),
        wechat_appid=given.get("WECHAT_APPID"),
        wechat_secret=given.get("WECHAT_SECRET"),
        wechat_base_url=given.get("WECHAT_BASE_URL", plain.wechat_base_url),
        guesses_a_minute=_integer("GUESSES_A_MINUTE", given.get("GUESSES_A_MINUTE", "30"), 0, 1_000_000),
        **_rates(given, production=production),
        database_url=_database_url(given.get("DATABASE_URL")),
        data_dir=Path(given.get("DATA_DIR", str(plain.data_dir))),
        pg_bindir=Path(given["PG_BINDIR"]) if "PG_BINDIR" in given else None,
        master_key=decode_master_key(given["MASTER_KEY"]) if "MASTER_KEY" in given else None,
        host=given.get("HOST", plain.host),
        port=_integer("PORT", given.get("PORT", str(plain.port)), 0, 65_535),
        workers=_integer("WORKERS", given.get("WORKERS", "1"), 1, 64),
        queue_max=_integer("QUEUE_MAX", given.get("QUEUE_MAX", str(plain.queue_max)), 1, 100_000),
        batch_max=_integer("BATCH_MAX", given.get("BATCH_MAX", str(plain.batch_max)), 1, 1_000),
        body_bytes_max=_integer("BODY_BYTES_MAX", given.get("BODY_BYTES_MAX", "65536"), 1_024, 64 * 1024 * 1024),
        token_lifetime=timedelta(seconds=lifetime_s),
        jobs_every=timedelta(seconds=_integer("JOBS_EVERY_S", given.get("JOBS_EVERY_S", "60"), 1, 86_400)),
        vault_algorithm=given.get("VAULT_ALGORITHM", plain.vault_algorithm),
        vault_keys=given.get("VAULT_KEYS", ""),
        vault_keys_file=Path(given["VAULT_KEYS_FILE"]) if "VAULT_KEYS_FILE" in given else None,
        sessions_kept=timedelta(
            days=_integer(
                "SESSIONS_KEPT_DAYS", given.get("SESSIONS_KEPT_DAYS", str(plain.sessions_kept.days)), 1, 3_650
            )
        ),
        log_level=level,
        log_json=_switch(given, "LOG_JSON"),
    )
    return _check(read)


def master_key_of(settings: Settings) -> bytes:
    """The key that all stored secrets are sealed under: given, or made once in the data folder (mode 0600).

    Whoever loses it loses every terminal secret and signing key: the README says how to keep it.
    """
    if settings.master_key is not None:
        return settings.master_key
    path = settings.data_dir / "master.key"
    if not path.exists():
        settings.data_dir.mkdir(parents=True, exist_ok=True)
        _make_master_key(path)
    return decode_master_key(path.read_text(encoding="ascii").strip())


def _make_master_key(path: Path) -> None:
    """Whole or not at all, on disk before anything is sealed under it; of two processes that make one, one wins."""
    made = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
    with os.fdopen(os.open(made, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(base64.b64encode(secrets.token_bytes(_KEY_BYTES)))
        file.flush()
        os.fsync(file.fileno())
    with suppress(FileExistsError):
        os.link(made, path)
    made.unlink()
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def vault_of(settings: Settings) -> PersonVault:
    """The vault of personal data. Raises BadSetting, naming the variable.

    `LIYU_VAULT_KEYS`, or a file named by `LIYU_VAULT_KEYS_FILE`, lists named keys of 32 bytes in base64, the newest
    first: `2027=…,2026=…` or one a line. Without any, the key derived from the master key seals; it always opens.
    """
    algorithms = {"AES-256-GCM": Algorithm.AES_256_GCM, "SM4-GCM": Algorithm.SM4_GCM}
    if settings.vault_algorithm not in algorithms:
        raise BadSetting("LIYU_VAULT_ALGORITHM must be AES-256-GCM or SM4-GCM")
    named = settings.vault_keys
    if settings.vault_keys_file is not None:
        try:
            named = settings.vault_keys_file.read_text(encoding="ascii")
        except (OSError, UnicodeDecodeError) as error:
            raise BadSetting(f"LIYU_VAULT_KEYS_FILE cannot be read: {settings.vault_keys_file}") from error
    keys = _named_keys(named)
    newest = next(iter(keys), None)
    return make_person_vault(master_key_of(settings), keys, newest, algorithms[settings.vault_algorithm])


def _named_keys(text: str) -> dict[str, bytes]:
    keys: dict[str, bytes] = {}
    for entry in text.replace("\n", ",").split(","):
        if not entry.strip():
            continue
        name, _, key = entry.strip().partition("=")
        if not _KEY_NAME.fullmatch(name) or name == ORIGINAL_KEY or name in keys:
            raise BadSetting(f"LIYU_VAULT_KEYS needs each name once, as name=base64, and none called {ORIGINAL_KEY}")
        keys[name] = decode_key("LIYU_VAULT_KEYS", key)
    return keys
