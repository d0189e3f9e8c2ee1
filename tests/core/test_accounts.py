"""The chart of accounts is the one agreed, and each account has one name."""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.accounts import CHART, NEVER, AccountKey, AccountKind, Owner, lot, parse_path
from tests.core.builders import TODAY, VOLUNTEER

printable = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=12)

# DESIGN, chart of accounts: kind | asset | owner | normal side | whether it may not fall below zero
AGREED = """
service   | minutes | programme | debit  | unbounded
hours     | minutes | volunteer | credit | floored
consumed  | minutes | volunteer | credit | floored
issuance  | points  | programme | debit  | unbounded
pending   | points  | volunteer | credit | floored
wallet    | points  | volunteer | credit | floored
held      | points  | volunteer | credit | floored
debt      | points  | volunteer | debit  | floored
redeemed  | points  | merchant  | credit | floored
breakage  | points  | programme | credit | unbounded
pool      | points  | programme | credit | floored
donations | fen     | fund      | debit  | unbounded
fund      | fen     | fund      | credit | floored
committed | fen     | fund      | credit | floored
payable   | fen     | merchant  | credit | floored
paid      | fen     | merchant  | credit | unbounded
"""


def test_the_chart_is_the_agreed_one() -> None:
    """Kind by kind the chart says what the design's table says, in its order, no kind more and none less."""
    agreed = [tuple(cell.strip() for cell in line.split("|")) for line in AGREED.strip().splitlines()]
    chart = [
        (kind.value, rule.asset.value, rule.owner.value, rule.side.value, "floored" if rule.floored else "unbounded")
        for kind, rule in CHART.items()
    ]
    assert chart == agreed
    assert set(CHART) == set(AccountKind)


def test_the_chart_cannot_be_changed() -> None:
    """Nobody adds to the chart or edits it while the service runs."""
    with pytest.raises(TypeError):
        CHART[AccountKind.WALLET] = CHART[AccountKind.BREAKAGE]  # type: ignore[index]  # that it fails is the test


def test_names_of_accounts_are_fixed() -> None:
    """The names that leaf hashes are made of never change."""
    one = UUID(int=1)
    assert [
        AccountKey(kind, one if CHART[kind].owner is not Owner.PROGRAMME else UUID(int=0)).path for kind in CHART
    ] == [
        "service",
        "hours.vol_00000000000000000000000000000001",
        "consumed.vol_00000000000000000000000000000001",
        "issuance",
        "pending.vol_00000000000000000000000000000001",
        "wallet.vol_00000000000000000000000000000001",
        "held.vol_00000000000000000000000000000001",
        "debt.vol_00000000000000000000000000000001",
        "redeemed.mer_00000000000000000000000000000001",
        "breakage",
        "pool",
        "donations.fun_00000000000000000000000000000001",
        "fund.fun_00000000000000000000000000000001",
        "committed.fun_00000000000000000000000000000001",
        "payable.mer_00000000000000000000000000000001",
        "paid.mer_00000000000000000000000000000001",
    ]
    assert lot(AccountKind.WALLET, one, NEVER).path == "wallet.vol_00000000000000000000000000000001.9999-12-31"


@given(kind=st.sampled_from(AccountKind), number=st.integers(0, 2**128 - 1), part=printable)
def test_a_name_is_read_back_as_its_account(kind: AccountKind, number: int, part: str) -> None:
    """No two accounts share a name: what `path` writes, `parse_path` reads."""
    owner = UUID(int=0) if CHART[kind].owner is Owner.PROGRAMME else UUID(int=number)
    key = AccountKey(kind, owner, part)
    assert parse_path(key.path) == key


@pytest.mark.parametrize(
    "path",
    [
        "",
        "purse",
        "wallet",
        "wallet.",
        "wallet.vol_1",
        "wallet.mer_00000000000000000000000000000001",
        "wallet.vol_0000000000000000000000000000000A",
        "wallet.vol_00000000000000000000000000000001.",
        "breakage.",
        "Breakage",
        " breakage",
        "breakage.\x00",
        "breakage.慈溪",
    ],
)
def test_what_is_no_name_is_not_read(path: str) -> None:
    """A name that `path` would not have written is none, however close it comes."""
    assert parse_path(path) is None


@given(text=st.text(max_size=60))
def test_any_text_is_read_or_refused_without_an_error(text: str) -> None:
    """Whatever somebody sends as a name, the answer is an account of that very name or None."""
    key = parse_path(text)
    assert key is None or key.path == text


def test_a_lot_is_named_by_its_day() -> None:
    """A lot's account carries its expiry day, so days sort as text."""
    assert lot(AccountKind.HELD, VOLUNTEER, TODAY).part == "2026-03-02"
