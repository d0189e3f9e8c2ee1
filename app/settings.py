"""The settings of a process, read once from `LIYU_*`. Only the composition root and the command line read them."""

import base64
import binascii
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

_KEY_BYTES = 32
_PREFIX = "LIYU_"


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
    log_level: str = "INFO"
    log_json: bool = False


def _integer(name: str, text: str, low: int, high: int) -> int:
    if not text.isascii() or not text.isdigit() or not low <= int(text) <= high:
        raise BadSetting(f"{_PREFIX}{name} must be a whole number from {low} to {high}, not {text!r}")
    return int(text)


def decode_master_key(text: str) -> bytes:
    """Read a master key: 32 bytes in base64. Raises BadSetting for anything else."""
    try:
        key = base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise BadSetting("LIYU_MASTER_KEY must be base64") from error
    if len(key) != _KEY_BYTES:
        raise BadSetting(f"LIYU_MASTER_KEY must hold {_KEY_BYTES} bytes in base64")
    return key


def read_settings(environ: Mapping[str, str]) -> Settings:
    """Read the settings from the environment. Raises BadSetting, naming the variable."""
    given = {name[len(_PREFIX) :]: value for name, value in environ.items() if name.startswith(_PREFIX) and value}
    plain = Settings()
    level = given.get("LOG_LEVEL", plain.log_level).upper()
    if level not in {"DEBUG", "INFO", "WARNING", "ERROR"}:
        raise BadSetting("LIYU_LOG_LEVEL must be DEBUG, INFO, WARNING or ERROR")
    lifetime_s = _integer("TOKEN_LIFETIME_S", given.get("TOKEN_LIFETIME_S", "900"), 60, 86_400)
    return replace(
        plain,
        database_url=given.get("DATABASE_URL"),
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
        log_level=level,
        log_json=given.get("LOG_JSON", "0") == "1",
    )


def master_key_of(settings: Settings) -> bytes:
    """The key that all stored secrets are sealed under: given, or made once in the data folder (mode 0600).

    Whoever loses it loses every terminal secret and signing key: the README says how to keep it.
    """
    if settings.master_key is not None:
        return settings.master_key
    path = settings.data_dir / "master.key"
    if not path.exists():
        settings.data_dir.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
        path.write_text(base64.b64encode(secrets.token_bytes(_KEY_BYTES)).decode(), encoding="ascii")
    return decode_master_key(path.read_text(encoding="ascii").strip())
