"""A server whose clock is ahead, to show what time does to points. Only the demo starts one."""

import os
from datetime import datetime, timedelta

from fastapi import FastAPI

from app.main import create_app, now
from app.settings import read_settings
from app.telemetry import configure_logging

OFFSET_VARIABLE = "LIYU_DEMO_CLOCK_AHEAD_S"


def create_moved_app() -> FastAPI:
    """The application, with the clock so many seconds ahead as the environment says."""
    settings = read_settings(os.environ)
    configure_logging(level=settings.log_level, as_json=settings.log_json)
    ahead = timedelta(seconds=int(os.environ[OFFSET_VARIABLE]))

    def clock() -> datetime:
        return now() + ahead

    return create_app(settings, clock)
