"""What the routes work with: made once by the composition root, found on the application's state."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Annotated

from fastapi import Depends, Request

from app.actions.attempts import LoginGuard
from app.actions.keys import KeyCabinet
from app.actions.standing import Standing
from app.actions.terminals import TillDirectory
from app.actions.wechat_calls import WechatCalls
from app.api.limits import Limits
from app.engine.committer import Committers
from app.store.database import Database
from app.store.lookups import Lookups


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """The parts of one process."""

    database: Database
    lookups: Lookups
    committers: Committers
    cabinet: KeyCabinet
    tills: TillDirectory
    logins: LoginGuard
    standing: Standing
    clock: Callable[[], datetime]
    token_lifetime: timedelta
    limits: Limits = field(default_factory=Limits)
    public_url: str | None = None
    """Where the world finds this service, ending in a slash. None: wherever a request says that it was sent to."""
    wechat: WechatCalls | None = None
    """None: this deployment has no mini-program."""
    back_tests_asked: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when a back-test is asked for, so that it begins at once."""


def services_of(request: Request) -> Services:
    """The services of the application that serves this request."""
    services = request.app.state.services
    if not isinstance(services, Services):
        raise TypeError("the application was not started")
    return services


def public_base(request: Request) -> str:
    """What addresses begin with that are given out, printed and signed: as it is set, not as a caller's `Host` says."""
    return services_of(request).public_url or str(request.base_url)


Serves = Annotated[Services, Depends(services_of)]
