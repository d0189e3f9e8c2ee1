"""A server in a hurry: what waits for its volunteer closes after a second and a half instead of a minute."""

from datetime import timedelta

from fastapi import FastAPI

import app.core.redemptions
from app.main import create_app_from_environment

WITHIN = timedelta(seconds=1.5)


def soon() -> FastAPI:
    """The application as it is, with less patience."""
    setattr(app.core.redemptions, "CONFIRM_WITHIN", WITHIN)  # noqa: B010 - a constant for everybody else
    return create_app_from_environment()
