"""The golden vectors that vendors build on: the service, the reference till and the file say the same."""

import json
import re
from importlib.resources import files
from typing import Any

import pytest
from pydantic import BaseModel, ValidationError
from typer.testing import CliRunner

from app.api.me import PayCodeAnswer
from app.api.my_orders import VoucherAnswer
from app.api.pos import RedemptionRequest
from app.api.pos_answers import TRADE_NO
from app.api.pos_refunds import RefundRequest
from app.api.pos_vouchers import ReturnRequest, UseRequest
from app.cli import cli
from app.core.ids import OrderId, ProgrammeId, VolunteerId
from app.security.pay_codes import derive_pay_code
from app.security.vouchers import derive_voucher_code
from app.till.client import sign
from app.till.numbers import NUMBER
from tests.support.city_rows import named

VECTORS: dict[str, Any] = json.loads((files("app.till") / "vectors.json").read_text("utf-8"))
GOOD = [vector for vector in VECTORS["signatures"] if vector["refusal"] is None]
NUMBERED: dict[str, tuple[type[BaseModel], dict[str, Any]]] = {
    "out_trade_no": (RedemptionRequest, {"auth_code": "961234567890123456", "points": 1}),
    "out_refund_no": (RefundRequest, {"points": 1}),
    "use_request_no": (UseRequest, {}),
    "return_request_no": (ReturnRequest, {}),
}
CODES: dict[str, tuple[type[BaseModel], str]] = {
    "pay_code": (PayCodeAnswer, "code"),
    "voucher_code": (VoucherAnswer, "code"),
}


@pytest.mark.parametrize("vector", GOOD, ids=[vector["name"] for vector in GOOD])
def test_the_reference_till_signs_as_the_vectors_say(vector: dict[str, Any]) -> None:
    """Byte for byte. `tests/security` holds the service's own code against the same file."""
    header = sign(
        terminal=vector["terminal"],
        secret=vector["secret"].encode(),
        method=vector["method"],
        target=vector["target"],
        body=vector["body"].encode(),
        timestamp=vector["timestamp"],
        nonce=vector["nonce"],
    )
    assert header == vector["authorization"]


def _accepts(model: type[BaseModel], values: dict[str, Any]) -> bool:
    try:
        model.model_validate_json(json.dumps(values))
    except ValidationError:
        return False
    return True


@pytest.mark.parametrize("name", NUMBERED)
def test_numbers_are_what_the_service_takes(name: str) -> None:
    """The pattern is the contract's; the good ones are taken in a body and in a path, the bad ones in neither."""
    told = VECTORS["numbers"][name]
    model, others = NUMBERED[name]
    assert told["pattern"] == TRADE_NO == model.model_json_schema()["properties"][name]["pattern"]
    for number in told["valid"]:
        assert _accepts(model, {**others, name: number}), number
        assert re.fullmatch(TRADE_NO, number), number
        assert NUMBER.fullmatch(number), number
    for number in told["invalid"]:
        assert not _accepts(model, {**others, name: number}), number
        assert not re.fullmatch(TRADE_NO, number), number
        assert not NUMBER.fullmatch(number), number


@pytest.mark.parametrize("name", CODES)
def test_codes_are_what_the_service_shows(name: str) -> None:
    """The pattern is the contract's, and tells the good ones from the bad ones."""
    told = VECTORS["codes"][name]
    model, field = CODES[name]
    assert told["pattern"] == model.model_json_schema()["properties"][field]["pattern"]
    assert all(re.fullmatch(told["pattern"], code) for code in told["valid"])
    assert not any(re.fullmatch(told["pattern"], code) for code in told["invalid"])


def test_the_codes_that_are_made_look_so() -> None:
    """Eighteen digits beginning 96, twenty beginning 97."""
    programme, patterns = ProgrammeId("cixi"), VECTORS["codes"]
    for number in range(50):
        pay_code = derive_pay_code(b"key", programme, VolunteerId(named("volunteer", number)), "1")
        voucher = derive_voucher_code(b"key", programme, OrderId(named("order", number)))
        assert re.fullmatch(patterns["pay_code"]["pattern"], pay_code)
        assert re.fullmatch(patterns["voucher_code"]["pattern"], voucher)


def test_a_vendor_gets_the_file_from_the_command() -> None:
    """`liyu conformance --vectors` prints it, byte for byte."""
    printed = CliRunner().invoke(cli, ["conformance", "--vectors"])
    assert printed.exit_code == 0
    assert printed.stdout == (files("app.till") / "vectors.json").read_text("utf-8")
