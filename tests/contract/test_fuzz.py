"""Schemathesis against a real server process: no 5xx, and no answer that the contract does not name."""

import asyncio
import base64
import contextlib
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from app.security.actors import ActorKind
from app.store.database import Database
from tests.support.clocks import Clock
from tests.support.sites import MASTER_KEY, Site, a_site

EXAMPLES = os.environ.get("LIYU_FUZZ_EXAMPLES", "8")
CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance"


@contextlib.contextmanager
def a_server_process(database: Database) -> Iterator[str]:
    """A server of production on this database, gone when the block ends."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {
        **os.environ,
        "LIYU_DATABASE_URL": database.url,
        "LIYU_MASTER_KEY": base64.b64encode(MASTER_KEY).decode(),
        "LIYU_LOG_LEVEL": "ERROR",
    }
    command = [sys.executable, "-m", "uvicorn", "--factory", "app.main:create_app_from_environment"]
    process = subprocess.Popen([*command, "--port", str(port), "--log-level", "error"], env=environment)
    try:
        while True:
            with contextlib.suppress(httpx.TransportError):
                if httpx.get(f"http://127.0.0.1:{port}/readyz").is_success:
                    break
            assert process.poll() is None, "the server ended"
            time.sleep(0.1)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(30)


async def _token_for(site: Site, kind: ActorKind) -> str:
    if kind is not ActorKind.VOLUNTEER:
        return await site.token(kind)
    volunteer = site.city.volunteers[0]
    return await site.token(kind, subject=volunteer, volunteer=volunteer)


def _fuzz(base_url: str, paths: str, token: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [
            str(Path(sys.executable).with_name("schemathesis")),
            "run",
            f"{base_url}/openapi.json",
            "--include-path-regex",
            paths,
            "--header",
            f"Authorization: Bearer {token}",
            "--checks",
            CHECKS,
            "--max-examples",
            EXAMPLES,
            "--phases",
            "examples,coverage,fuzzing",
            "--generation-database",
            "none",
            "--seed",
            "20231105",
            "--no-color",
        ],
        check=False,
        capture_output=True,
        text=True,
        cwd=folder,
    )


@pytest.mark.parametrize(
    "kind, paths",
    [(ActorKind.ADMIN, "^/(v1/(?!me/|auth/tokens)|livez|readyz)"), (ActorKind.VOLUNTEER, "^/v1/me/")],
    ids=["administrator", "volunteer"],
)
async def test_whatever_is_sent_gets_an_answer_of_the_contract(
    database: Database, tmp_path: Path, kind: ActorKind, paths: str
) -> None:
    """Generated requests, good and bad, get documented statuses, media types and bodies."""
    from_now = Clock()
    from_now.now = from_now.now.fromtimestamp(time.time(), from_now.now.tzinfo)
    async with a_site(database, from_now, tmp_path) as site:
        token = await _token_for(site, kind)
    with a_server_process(database) as base_url:
        done = await asyncio.to_thread(_fuzz, base_url, paths, token, tmp_path)
    assert "generated" in done.stdout
    assert done.returncode == 0, done.stdout[-8000:] + done.stderr[-2000:]
