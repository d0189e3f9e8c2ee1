"""Schemathesis against a real server process: no 5xx, and no answer that the contract does not name."""

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import pytest

from app.security.actors import ActorKind
from app.store.database import Database
from tests.support.processes import a_clock_of_today, server_processes
from tests.support.sites import Site, a_site

HOOKS = Path(__file__).with_name("ndjson_rows.py")
EXAMPLES = os.environ.get("LIYU_FUZZ_EXAMPLES", "8")
CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance"


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
        env={**os.environ, "SCHEMATHESIS_HOOKS": str(HOOKS), "PYTHONPATH": str(HOOKS.parents[2])},
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
    async with a_site(database, a_clock_of_today(), tmp_path) as site:
        token = await _token_for(site, kind)
    with server_processes(database) as [server]:
        done = await asyncio.to_thread(_fuzz, server.base_url, paths, token, tmp_path)
    assert "generated" in done.stdout
    assert done.returncode == 0, done.stdout[-8000:] + done.stderr[-2000:]
