"""The rules of a good till, each with its name and its words in both languages."""

from dataclasses import dataclass

from app.conformance import findings
from app.conformance.findings import Judge


@dataclass(frozen=True, slots=True)
class Rule:
    """What a till must do, and how a recording is judged by it."""

    id: str
    zh: str
    en: str
    judge: Judge


RULES = (
    Rule(
        "sale-made",
        "用给定的付款码和积分发起扣分。",
        "Asks for the given points with the given code.",
        findings.sale_made,
    ),
    Rule("signed-well", "每次请求的签名都正确。", "Signs every call correctly.", findings.signed),
    Rule("fresh-nonce", "每次请求使用新的 nonce。", "Signs every call with a new nonce.", findings.fresh_nonces),
    Rule(
        "clock-corrected",
        "因时间被拒后，按应答的 Date 校时并用原订单号重新签名。",
        "Refused for its clock, it signs the same number again by the answer's Date.",
        findings.clock_corrected,
    ),
    Rule(
        "one-number",
        "结果未知时绝不换订单号重新下单。",
        "Never orders the same sale under a second number while the first may have been paid.",
        findings.one_number,
    ),
    Rule(
        "same-body",
        "同一单号重发时内容不变。",
        "Sends the same body whenever it sends the same number.",
        findings.same_body,
    ),
    Rule(
        "refusal-final",
        "被拒绝的订单号不再以其他内容重试。",
        "Never retries a refused number with another body.",
        findings.refusal_final,
    ),
    Rule(
        "queried",
        "结果未知后先查询（或原样重发）。",
        "Queries, or sends the same again, after an unknown outcome.",
        findings.queried,
    ),
    Rule(
        "settled",
        "结果未知的订单最终得到确认，或撤销得到应答。",
        "Goes on until an unknown outcome is known or its reversal is acknowledged.",
        findings.settled,
    ),
    Rule(
        "reversal-waits",
        "结果未知时，扣分请求 15 秒之后才撤销。",
        "Reverses an unknown outcome no sooner than 15 s after the pay call.",
        findings.reversal_waits,
    ),
    Rule(
        "reversal-repeated",
        "用原订单号撤销，重复直至得到应答。",
        "Repeats a reversal under the order's own number until it is acknowledged.",
        findings.reversal_repeated,
    ),
    Rule(
        "replay-accepted",
        "把 Idempotency-Replayed 的成功应答当作这一笔成功。",
        "Takes an answer marked Idempotency-Replayed as the success of this one sale.",
        findings.replay_accepted,
    ),
    Rule(
        "refunded-once",
        "退款用同一退款单号直至得到应答，只退一次。",
        "Refunds under one refund number until it is acknowledged, and only once.",
        findings.refunded_once,
    ),
    Rule(
        "charged-once",
        "账上至多扣一次，且积分无误。",
        "Is charged once at most, the right points.",
        findings.charged_once,
    ),
    Rule(
        "says-what-is-booked",
        "收银机显示的结果与账本一致。",
        "Says in the end what the ledger says.",
        findings.says_what_is_booked,
    ),
    Rule("ends-done", "本场景最终应成功。", "Brings a sale that can succeed to its end.", findings.ends_done),
)
