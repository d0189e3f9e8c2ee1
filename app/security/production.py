"""What may not run in production: keys and passwords that anybody knows or that lie beside the data, and debugging."""

from dataclasses import dataclass, field
from datetime import timedelta
from itertools import pairwise
from urllib.parse import urlsplit

_KEY_VARIETY_MIN = 12
"""32 random bytes hold fewer distinct ones once in many lifetimes of the universe."""
_LIFETIME_MAX = timedelta(hours=1)
_KNOWN_PASSWORDS = frozenset(
    ("", "postgres", "password", "secret", "liyu", "demo", "test", "changeme", "admin", "123456")
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployment:
    """What a process was told that decides whether it is fit for production."""

    master_key: bytes | None = field(repr=False)
    database_url: str | None = field(repr=False)
    log_level: str
    token_lifetime: timedelta
    wechat_secret: str | None = field(repr=False)
    wechat_base_url: str
    public_url: str | None
    rates_off: bool


def is_well_known(key: bytes) -> bool:
    """Whether a key was typed rather than drawn: one byte again and again, or bytes that count up."""
    steps = {(after - before) % 256 for before, after in pairwise(key)}
    return len(steps) == 1 or len(set(key)) < _KEY_VARIETY_MIN


def production_faults(told: Deployment) -> tuple[str, ...]:
    """What has to change before this may run in production, each with the name of its variable. Empty: nothing."""
    faults = []
    if told.master_key is None:
        faults.append("LIYU_MASTER_KEY (or LIYU_MASTER_KEY_FILE) must be given from outside the data folder")
    elif is_well_known(told.master_key):
        faults.append("LIYU_MASTER_KEY is a demo key: draw one, for example with `openssl rand -base64 32`")
    if told.database_url and (urlsplit(told.database_url).password or "x").lower() in _KNOWN_PASSWORDS:
        faults.append("LIYU_DATABASE_URL has a demo password")
    if not (told.public_url or "").startswith("https://"):
        faults.append("LIYU_PUBLIC_URL must be given, with https: what is signed and printed names it, not a caller")
    if told.log_level == "DEBUG":
        faults.append("LIYU_LOG_LEVEL must not be DEBUG")
    if told.token_lifetime > _LIFETIME_MAX:
        faults.append("LIYU_TOKEN_LIFETIME_S must be 3600 at most")
    if told.wechat_secret and not told.wechat_base_url.startswith("https://"):
        faults.append("LIYU_WECHAT_BASE_URL must be https")
    if told.wechat_secret is not None and told.wechat_secret.lower() in _KNOWN_PASSWORDS:
        faults.append("LIYU_WECHAT_SECRET is a demo secret")
    if told.rates_off:
        faults.append("LIYU_RATE_ADDRESS, LIYU_RATE_ACTOR and LIYU_RATE_TILL must not be 0")
    return tuple(faults)
