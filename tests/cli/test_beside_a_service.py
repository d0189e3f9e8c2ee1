"""The README's way from a running service to a restored backup, on servers of our own, with real processes."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

REGIONS = Path(__file__).resolve().parents[2] / "app" / "demo" / "data" / "regions_cixi.csv"
PASSWORD = "long-enough-to-be-used"


def liyu(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Call `liyu` with the data in this folder."""
    given = {name: value for name, value in os.environ.items() if name != "LIYU_DATABASE_URL"}
    environment = {**given, "LIYU_DATA_DIR": str(folder), "LIYU_NEW_PASSWORD": PASSWORD}
    return subprocess.run(
        [sys.executable, "-m", "app", *words], env=environment, capture_output=True, text=True, check=False
    )


def done(folder: Path, *words: str) -> str:
    """What a call prints that must end well."""
    called = liyu(folder, *words)
    assert called.returncode == 0, called.stdout + called.stderr
    return called.stdout


@contextlib.contextmanager
def a_service(folder: Path) -> Iterator[str]:
    """`liyu serve` on a server of its own, asked to stop at the end, as a service manager does."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    given = {name: value for name, value in os.environ.items() if name != "LIYU_DATABASE_URL"}
    process = subprocess.Popen(
        [sys.executable, "-m", "app", "serve", "--port", str(port)], env={**given, "LIYU_DATA_DIR": str(folder)}
    )
    try:
        while True:
            assert process.poll() is None, "the service ended"
            with contextlib.suppress(httpx.TransportError):
                if httpx.get(f"http://127.0.0.1:{port}/readyz").is_success:
                    break
            time.sleep(0.1)
        yield f"http://127.0.0.1:{port}"
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) in {0, -signal.SIGTERM}
    finally:
        process.kill()
        process.wait(30)


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that the account of PostgreSQL can enter, gone at the end."""
    made = Path(tempfile.mkdtemp(prefix="liyu-beside-"))
    made.chmod(0o755)
    yield made
    shutil.rmtree(made)


def test_from_a_running_service_to_a_restored_backup(folder: Path) -> None:
    """Commands work beside the service; its dump, restored elsewhere with the master key, is verified and serves."""
    first, second, dump = folder / "first", folder / "second", str(folder / "backup.dump")
    with a_service(first) as base_url:
        done(first, "programme", "create", "cixi", "慈溪", "--region", "330282", "--regions", str(REGIONS))
        done(first, "admin", "create", "cixi", "alice")
        again = liyu(first, "serve", "--port", "0")
        assert again.returncode == 2
        assert "in use by process" in again.stderr
        assert "数据目录正被另一进程使用" in again.stderr
        done(first, "postgres", "pg_dump", "-Fc", "-f", dump)
        done(first, "vault", "erasures", str(folder / "erasures"))
        assert "every invariant holds" in done(first, "verify")
        assert httpx.get(f"{base_url}/readyz").is_success
    second.mkdir()
    shutil.copy2(first / "master.key", second / "master.key")
    done(second, "postgres", "pg_restore", "--no-owner", "-d", "liyu", dump)
    done(second, "vault", "reapply-erasures", str(folder / "erasures"))
    assert "every invariant holds" in done(second, "verify")
    with a_service(second) as base_url:
        body = {"programme": "cixi", "username": "alice", "password": PASSWORD}
        answer = httpx.post(f"{base_url}/v1/auth/tokens", json=body, headers={"Idempotency-Key": "restored-1"})
        assert answer.status_code in {200, 201}, answer.text
    assert (folder / "erasures").stat().st_mode & 0o777 == 0o600


def test_a_program_that_is_not_there_and_one_that_fails(folder: Path) -> None:
    """Named in both languages; and the exit code of a program is passed on."""
    missing = liyu(folder, "postgres", "pg_nothing")
    assert missing.returncode == 2
    assert "找不到程序 pg_nothing" in missing.stderr
    failed = liyu(folder, "postgres", "psql", "-c", "SELECT 1 FROM nowhere")
    assert failed.returncode == 1
    assert 'relation "nowhere"' in failed.stderr
