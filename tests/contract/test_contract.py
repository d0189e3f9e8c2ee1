"""The contract: committed, served, complete, and kept by the service for whatever is sent to it."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from fastapi.routing import APIRoute

from app.api.openapi import render_contract
from app.api.problem_texts import TEXTS
from app.core.codes import Code
from app.main import create_app
from app.settings import Settings

MADE_FROM_CONTRACT = ("client/models", "client/api", "client/errors.py", "client/types.py")
ROOT = Path(__file__).resolve().parents[2]
COMMITTED = ROOT / "openapi.yaml"


@pytest.fixture(scope="module")
def contract() -> dict[str, Any]:
    """The committed contract."""
    read: dict[str, Any] = yaml.safe_load(COMMITTED.read_text(encoding="utf-8"))
    return read


def _operations(contract: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, methods in contract["paths"].items():
        for method, operation in methods.items():
            yield f"{method} {path}", operation


def test_the_committed_contract_is_what_the_code_serves() -> None:
    """`make openapi` was run after the last change."""
    assert COMMITTED.read_text(encoding="utf-8") == render_contract(create_app(Settings()).openapi())


def test_every_route_is_in_the_contract(contract: dict[str, Any]) -> None:
    """No hidden operations."""
    served = {route.operation_id for route in create_app(Settings()).routes if isinstance(route, APIRoute)}
    assert served == {operation["operationId"] for _, operation in _operations(contract)}


def test_every_shape_has_a_name_of_its_own(contract: dict[str, Any]) -> None:
    """Two models of one name would be called by their modules' paths in every generated client."""
    assert [name for name in contract["components"]["schemas"] if "__" in name] == []


def test_every_operation_tells_its_refusals(contract: dict[str, Any]) -> None:
    """Each refusal is a problem document with its codes; 500 is one of them; no undocumented 422."""
    for name, operation in _operations(contract):
        assert {"summary", "description", "operationId", "security"} <= set(operation), name
        assert "x-codes" in operation["responses"].get("422", {"x-codes": []}), name
        for status, response in operation["responses"].items():
            if int(status) >= 400:
                oauth = operation["operationId"] == "issueClientToken" and status in {"400", "401"}
                media_type = "application/json" if oauth else "application/problem+json"
                assert set(response["content"]) == {media_type}, f"{name} {status}"
                assert all(TEXTS[Code(code)].status == int(status) for code in response["x-codes"])
        assert "500" in operation["responses"], name


def test_every_code_has_a_text_and_a_remedy_in_both_languages() -> None:
    """The list is closed: no code without its words, none with empty ones."""
    assert set(TEXTS) == set(Code)
    for text in TEXTS.values():
        assert all((text.zh, text.en, text.zh_remedy, text.en_remedy))
        assert any("\u4e00" <= character <= "\u9fff" for character in text.zh)
        assert text.en.isascii()


def test_a_generated_python_client_type_checks(tmp_path: Path) -> None:
    """openapi-python-client makes a client of the contract that mypy accepts, with the till's call in it."""
    made = tmp_path / "client"
    subprocess.run(
        [
            str(Path(sys.executable).with_name("openapi-python-client")),
            "generate",
            "--path",
            str(COMMITTED),
            "--meta",
            "none",
            "--output-path",
            str(made),
            "--overwrite",
        ],
        check=True,
        capture_output=True,
        cwd=tmp_path,
    )
    till = tmp_path / "till.py"
    till.write_text(
        "from client import AuthenticatedClient\n"
        "from client.api.tills import redeem_points\n"
        "from client.models import RedemptionAnswer, RedemptionRequest\n\n\n"
        "def redeem(client: AuthenticatedClient, number: str, code: str, points: int) -> str:\n"
        "    request = RedemptionRequest(out_trade_no=number, auth_code=code, points=points)\n"
        "    answer = redeem_points.sync(client=client, body=request)\n"
        "    if isinstance(answer, RedemptionAnswer):\n"
        "        return answer.transaction_id\n"
        "    raise ValueError(answer)\n",
        encoding="utf-8",
    )
    checked = subprocess.run(
        # The generator's own client.py is not ours to answer for: models and calls are what comes from the contract.
        [sys.executable, "-m", "mypy", "--config-file=", "--follow-imports=silent", "till.py", *MADE_FROM_CONTRACT],
        check=False,
        capture_output=True,
        text=True,
        cwd=tmp_path,
    )
    assert checked.returncode == 0, checked.stdout
