"""The chart of accounts: which kinds there are, what they count, on which side they grow, how far they may fall."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from types import MappingProxyType
from typing import NamedTuple
from uuid import UUID

from app.core.ids import NOBODY, format_id, parse_id


class Asset(StrEnum):
    """What an account counts. A transfer never mixes two."""

    MINUTES = "minutes"
    POINTS = "points"
    FEN = "fen"


class Side(StrEnum):
    """The side on which an account's balance grows."""

    DEBIT = "debit"
    CREDIT = "credit"


class AccountKind(StrEnum):
    """The kinds of account there are (the chart's first column)."""

    SERVICE = "service"
    HOURS = "hours"
    CONSUMED = "consumed"
    ISSUANCE = "issuance"
    PENDING = "pending"
    WALLET = "wallet"
    HELD = "held"
    DEBT = "debt"
    REDEEMED = "redeemed"
    BREAKAGE = "breakage"
    POOL = "pool"
    DONATIONS = "donations"
    FUND = "fund"
    COMMITTED = "committed"
    PAYABLE = "payable"
    PAID = "paid"


class Owner(StrEnum):
    """Whose account it is."""

    PROGRAMME = "programme"
    VOLUNTEER = "volunteer"
    MERCHANT = "merchant"
    FUND = "fund"


@dataclass(frozen=True, slots=True)
class AccountRule:
    """One line of the chart: a floored account never falls below zero on its normal side."""

    asset: Asset
    side: Side
    owner: Owner
    floored: bool = True


_RULES = {
    AccountKind.SERVICE: AccountRule(Asset.MINUTES, Side.DEBIT, Owner.PROGRAMME, floored=False),
    AccountKind.HOURS: AccountRule(Asset.MINUTES, Side.CREDIT, Owner.VOLUNTEER),
    AccountKind.CONSUMED: AccountRule(Asset.MINUTES, Side.CREDIT, Owner.VOLUNTEER),
    AccountKind.ISSUANCE: AccountRule(Asset.POINTS, Side.DEBIT, Owner.PROGRAMME, floored=False),
    AccountKind.PENDING: AccountRule(Asset.POINTS, Side.CREDIT, Owner.VOLUNTEER),
    AccountKind.WALLET: AccountRule(Asset.POINTS, Side.CREDIT, Owner.VOLUNTEER),
    AccountKind.HELD: AccountRule(Asset.POINTS, Side.CREDIT, Owner.VOLUNTEER),
    AccountKind.DEBT: AccountRule(Asset.POINTS, Side.DEBIT, Owner.VOLUNTEER),
    AccountKind.REDEEMED: AccountRule(Asset.POINTS, Side.CREDIT, Owner.MERCHANT),
    AccountKind.BREAKAGE: AccountRule(Asset.POINTS, Side.CREDIT, Owner.PROGRAMME, floored=False),
    AccountKind.POOL: AccountRule(Asset.POINTS, Side.CREDIT, Owner.PROGRAMME),
    AccountKind.DONATIONS: AccountRule(Asset.FEN, Side.DEBIT, Owner.FUND, floored=False),
    AccountKind.FUND: AccountRule(Asset.FEN, Side.CREDIT, Owner.FUND),
    AccountKind.COMMITTED: AccountRule(Asset.FEN, Side.CREDIT, Owner.FUND),
    AccountKind.PAYABLE: AccountRule(Asset.FEN, Side.CREDIT, Owner.MERCHANT),
    AccountKind.PAID: AccountRule(Asset.FEN, Side.CREDIT, Owner.MERCHANT, floored=False),
}
CHART: Mapping[AccountKind, AccountRule] = MappingProxyType(_RULES)

NEVER = date(9999, 12, 31)
"""The expiry day of a lot that does not expire."""

_OWNER_PREFIX = {Owner.VOLUNTEER: "vol", Owner.MERCHANT: "mer", Owner.FUND: "fun"}


class AccountKey(NamedTuple):
    """Which account: kind, owner, and the part within (a lot's expiry day, a benefit's window, else empty).

    A named tuple rather than a dataclass: it is hashed for every transfer of the write path.
    """

    kind: AccountKind
    owner: UUID = NOBODY
    part: str = ""

    @property
    def path(self) -> str:
        """The account's name in the canonical form and on the wire, for example `wallet.vol_0190….2028-12-31`."""
        prefix = _OWNER_PREFIX.get(CHART[self.kind].owner)
        owner = f".{format_id(prefix, self.owner)}" if prefix else ""
        return f"{self.kind}{owner}.{self.part}" if self.part else f"{self.kind}{owner}"


def parse_path(path: str) -> AccountKey | None:
    """Read an account's name, the inverse of `AccountKey.path`; None for what is not one."""
    name, _, rest = path.partition(".")
    try:
        kind = AccountKind(name)
    except ValueError:
        return None
    prefix = _OWNER_PREFIX.get(CHART[kind].owner)
    owner = NOBODY
    if prefix:
        reference, _, rest = rest.partition(".")
        found = parse_id(prefix, reference)
        if found is None:
            return None
        owner = found
    key = AccountKey(kind, owner, rest)
    return key if key.path == path and rest.isascii() and rest.isprintable() else None


def lot(kind: AccountKind, owner: UUID, expires_on: date) -> AccountKey:
    """The account of the points of one volunteer that expire at the end of one day: a lot is an account."""
    return AccountKey(kind, owner, expires_on.isoformat())
