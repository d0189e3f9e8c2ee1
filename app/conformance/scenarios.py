"""The scenarios: which calls of the till meet which fault, and what the cashier is told to do and to expect."""

from dataclasses import dataclass
from enum import StrEnum


class Verb(StrEnum):
    """The calls of the contract that scenarios and rules speak of."""

    PAY = "pay"
    QUERY = "query"
    REVERSE = "reverse"
    REFUND = "refund"
    QUERY_REFUND = "query refund"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Planned:
    """A fault for calls of one kind: for so many of them (None: all), until a call of another kind is seen."""

    verb: Verb
    fault: str
    count: int | None = 1
    until: Verb | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """One sale and what goes wrong with it. `ends_done`: whatever happens, it can and must end done."""

    name: str
    zh: str
    en: str
    faults: tuple[Planned, ...] = ()
    ends_done: bool = False
    refunds: bool = False
    late_s: float = 0
    """So long a call that the till has given up may still take to arrive."""

    def fault_for(self, verb: Verb, seen: list[Verb]) -> str:
        """The fault for a call, after those that were seen before it; empty when it goes through as it is."""
        for planned in self.faults:
            spent = planned.count is not None and seen.count(verb) >= planned.count
            if planned.verb is verb and not spent and planned.until not in seen:
                return planned.fault
        return ""


_LOST = "timeout_after_commit"

SCENARIOS = (
    Scenario(
        name="plain",
        zh="一切正常：扫码，收银机应显示成功。",
        en="Nothing goes wrong: scan, the till says it is paid.",
        ends_done=True,
    ),
    Scenario(
        name="slow",
        zh="扣分请求约 8 秒后才有应答：收银机应等待，或按结果未知处理。",
        en="The pay call is answered after 8 s: the till waits, or treats the outcome as unknown.",
        faults=(Planned(Verb.PAY, "slow"),),
        late_s=10,
    ),
    Scenario(
        name="duplicate_delivery",
        zh="同一请求到达两次，应答带 Idempotency-Replayed：仍是一笔成功的交易。",
        en="The request arrives twice, the answer is marked Idempotency-Replayed: one sale, paid.",
        faults=(Planned(Verb.PAY, "duplicate_delivery"),),
        ends_done=True,
    ),
    Scenario(
        name="clock_skew",
        zh="服务器时钟快 10 分钟：收到 401 后按应答的 Date 校时，用原订单号重新签名。",
        en="The server's clock is 10 min ahead: after the 401 the till signs the same number by the answer's Date.",
        faults=tuple(Planned(verb, "clock_skew", None) for verb in Verb),
        ends_done=True,
    ),
    Scenario(
        name="timeout_after_commit",
        zh="积分已扣，但应答丢失：应查询原订单号，绝不重新下单。",
        en="The points are taken, the answer is lost: the till queries the same number and never orders again.",
        faults=(Planned(Verb.PAY, _LOST),),
    ),
    Scenario(
        name="reversed_before_arrival",
        zh="撤销先于扣分到达：应答 ORDER_REVERSED，该订单号未扣分。",
        en="A reversal overtakes the pay call: ORDER_REVERSED, nothing was taken under that number.",
        faults=(Planned(Verb.PAY, "reversed_before_arrival"),),
    ),
    Scenario(
        name="lost_answers",
        zh="扣分、查询均无应答，首次撤销的应答也丢失：应在 15 秒后撤销，重复直至应答。",
        en="Neither pay call nor query is answered, nor the first reversal: reverse after 15 s, again until answered.",
        faults=(
            Planned(Verb.PAY, _LOST, None, Verb.REVERSE),
            Planned(Verb.QUERY, _LOST, None, Verb.REVERSE),
            Planned(Verb.REVERSE, _LOST),
        ),
    ),
    Scenario(
        name="refund",
        zh="扣分成功后退回一部分，首次退款的应答丢失：用原退款单号重发或查询。",
        en="Paid, then refunded in part; the refund's answer is lost: send or query the same refund number again.",
        faults=(Planned(Verb.REFUND, _LOST),),
        ends_done=True,
        refunds=True,
    ),
)
BY_NAME = {scenario.name: scenario for scenario in SCENARIOS}
