"""What goes to the log: tracebacks without rows, and with LIYU_LOG_JSON every line of every library as JSON."""

import json
import subprocess
import sys

import pytest

from app.telemetry import without_rows

SECRET = "11010119900307-SEEN"
PROGRAM = f"""
import logging, sys, structlog
from app.telemetry import configure_logging
configure_logging(level="INFO", as_json=sys.argv[1] == "json")
logging.getLogger("uvicorn.error").error("Application startup failed")
try:
    raise ValueError('refused\\nDETAIL:  Failing row contains ({SECRET}).\\n[parameters: ({SECRET},)]')
except ValueError:
    logging.getLogger("asyncio").exception("Task exception")
    structlog.get_logger("app").exception("request broken", request_id="r1")
"""


def said(form: str) -> list[str]:
    """The lines on standard error of a process that logs an error in this form."""
    done = subprocess.run([sys.executable, "-c", PROGRAM, form], capture_output=True, text=True, check=True)
    return done.stderr.splitlines()


def test_every_line_is_json() -> None:
    """The server's, asyncio's and our own, each with its level and time, and none with the row."""
    lines = [json.loads(line) for line in said("json")]
    assert [line["event"] for line in lines] == ["Application startup failed", "Task exception", "request broken"]
    assert all(line["level"] == "error" and line["timestamp"] for line in lines)
    assert "ValueError: refused" in lines[2]["exception"]
    assert SECRET not in json.dumps(lines)


def test_a_log_for_people_shows_no_row_either() -> None:
    """Of our own lines; the traceback stays."""
    told = "\n".join(said("plain"))
    own = told[told.index("request broken") :]
    assert "ValueError: refused" in own
    assert SECRET not in own


@pytest.mark.parametrize("line", ["DETAIL:  Key (phone)=(1)", "[parameters: (1)]", "CONTEXT:  COPY t, line 1: 1"])
def test_lines_with_values_are_left_out(line: str) -> None:
    """And the others stay as they are."""
    assert without_rows(f"a\n{line}\nb") == "a\n(values left out)\nb"
