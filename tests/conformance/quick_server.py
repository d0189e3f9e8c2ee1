"""A server whose sandbox faults do not last long; otherwise production's."""

import os
from datetime import timedelta

from fastapi import FastAPI

from app.api.sandbox_faults import FaultTimes
from app.main import create_app
from app.settings import read_settings

QUICK = FaultTimes(lost=timedelta(seconds=3), slow=timedelta(seconds=0.2))


def create_quick_app() -> FastAPI:
    """The application of a server process, with short faults."""
    return create_app(read_settings(os.environ), fault_times=QUICK)
