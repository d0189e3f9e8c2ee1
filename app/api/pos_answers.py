"""What tills are answered about redemptions and refunds, and how it is written."""

from datetime import datetime
from typing import Annotated

from pydantic import Field

from app.api.bodies import Answer
from app.api.fields import MerchantRef, OfferRef, RedemptionRef, RefundRef, StoreRef, TerminalRef, TransactionRef
from app.api.problems import FieldProblem, Problem
from app.api.services import Services
from app.core.codes import Code
from app.core.ids import ProgrammeId, RedemptionId, format_id, format_terminal, parse_id
from app.core.rows import Redemption, RedemptionState, Refund
from app.engine.batch import Outcome
from app.store.redemptions import RedemptionView, RefundView, fetch_redemption

TRADE_NO = r"^[0-9A-Za-z_*|\-]{1,32}$"


class MaskedVolunteer(Answer):
    """All that a till learns about who paid."""

    masked_name: Annotated[str, Field(examples=["张**"])]


class Receipt(Answer):
    """Where the ledger holds this event, and the hash that proves it."""

    seq: Annotated[int, Field(examples=[48213])]
    leaf_hash: Annotated[str, Field(pattern="^[0-9a-f]{64}$", examples=["6b" * 32])]


class RedeemedOffer(Answer):
    """What was had for the points: the version of the offer, and how many."""

    id: OfferRef
    version: int
    quantity: int


class RedemptionAnswer(Answer):
    """A redemption."""

    id: RedemptionRef
    out_trade_no: str
    state: RedemptionState
    points: int
    refunded_points: int
    settlement_fen: int = Field(description="What the merchant is owed for it, in fen, rounded down once")
    volunteer: MaskedVolunteer
    merchant_id: MerchantRef
    store_id: StoreRef
    terminal_id: TerminalRef
    occurred_at: datetime
    closes_at: datetime | None = Field(description="Until when the volunteer may confirm; null when nothing waits")
    offer: RedeemedOffer | None
    transaction_id: TransactionRef
    receipt: Receipt


class ReversalAnswer(Answer):
    """What a reversal left: `REVERSED`, or `CLOSED` where nothing had been taken. No redemption: none ever arrived."""

    out_trade_no: str
    state: Annotated[RedemptionState, Field(examples=["REVERSED"])]
    redemption: RedemptionAnswer | None


class RefundAnswer(Answer):
    """A refund."""

    id: RefundRef
    out_refund_no: str
    out_trade_no: str
    redemption_id: RedemptionRef
    points: int
    settlement_fen: int = Field(description="What the merchant is owed less for it, in fen")
    reason: str
    occurred_at: datetime
    transaction_id: TransactionRef
    receipt: Receipt


def check_no_body(raw: bytes) -> None:
    """Refuse a body where none is expected; an empty object is as good as none."""
    if raw.strip() not in (b"", b"{}"):
        raise Problem(Code.PARAM_ERROR, errors=[FieldProblem(pointer="", detail="no body is expected here")])


def _waits_until(state: RedemptionState, closes_at: datetime | None) -> datetime | None:
    return closes_at if state is RedemptionState.AWAITING_CONFIRMATION else None


def render_redemption(
    programme: ProgrammeId,
    view: RedemptionView,
    state: RedemptionState,
    refunded_points: int | None = None,
) -> RedemptionAnswer:
    """A stored redemption, in the state that the caller is to see."""
    offer = None
    if view.offer:
        offer = RedeemedOffer(id=format_id("off", view.offer), version=view.offer_version, quantity=view.quantity)
    return RedemptionAnswer(
        id=format_id("red", view.id),
        out_trade_no=view.trade_no,
        state=state,
        points=view.points,
        refunded_points=view.refunded_points if refunded_points is None else refunded_points,
        settlement_fen=view.settlement_fen,
        volunteer=MaskedVolunteer(masked_name=view.masked_name),
        merchant_id=format_id("mer", view.merchant),
        store_id=format_id("sto", view.store),
        terminal_id=format_terminal(programme, view.terminal),
        occurred_at=view.occurred_at,
        closes_at=_waits_until(state, view.closes_at),
        offer=offer,
        transaction_id=format_id("txn", view.transaction),
        receipt=Receipt(seq=view.seq, leaf_hash=view.leaf_hash.hex()),
    )


def write_fresh(programme: ProgrammeId, outcome: Outcome) -> str:
    """A redemption that was decided just now, from what the engine has in hand, as JSON."""
    redemption = next(row for row in outcome.rows if isinstance(row, Redemption))
    receipt = Receipt(seq=outcome.seq or 0, leaf_hash=outcome.leaf_hash.hex())
    return _render_row(programme, redemption, receipt).model_dump_json()


def _render_row(programme: ProgrammeId, redemption: Redemption, receipt: Receipt) -> RedemptionAnswer:
    offer = None
    if redemption.offer:
        reference = format_id("off", redemption.offer)
        offer = RedeemedOffer(id=reference, version=redemption.offer_version, quantity=redemption.quantity)
    return RedemptionAnswer(
        id=format_id("red", redemption.id),
        out_trade_no=redemption.trade_no,
        state=redemption.state,
        points=redemption.points,
        refunded_points=redemption.refunded_points,
        settlement_fen=redemption.settlement_fen,
        volunteer=MaskedVolunteer(masked_name=redemption.masked_name),
        merchant_id=format_id("mer", redemption.merchant),
        store_id=format_id("sto", redemption.store),
        terminal_id=format_terminal(programme, redemption.terminal),
        occurred_at=redemption.occurred_at,
        closes_at=_waits_until(redemption.state, redemption.closes_at),
        offer=offer,
        transaction_id=format_id("txn", redemption.transaction),
        receipt=receipt,
    )


def render_changed(programme: ProgrammeId, redemption: Redemption) -> RedemptionAnswer | None:
    """A redemption that was changed just now; None when its receipt was not at hand."""
    if redemption.receipt is None:
        return None
    seq, leaf_hash = redemption.receipt
    return _render_row(programme, redemption, Receipt(seq=seq, leaf_hash=leaf_hash.hex()))


def render_refund(view: RefundView) -> RefundAnswer:
    """A refund."""
    return RefundAnswer(
        id=format_id("ref", view.id),
        out_refund_no=view.refund_no,
        out_trade_no=view.trade_no,
        redemption_id=format_id("red", view.redemption),
        points=view.points,
        settlement_fen=view.settlement_fen,
        reason=view.note,
        occurred_at=view.occurred_at,
        transaction_id=format_id("txn", view.transaction),
        receipt=Receipt(seq=view.seq, leaf_hash=view.leaf_hash.hex()),
    )


def view_refund(outcome: Outcome, trade_no: str) -> RefundView:
    """A refund that was decided just now, from what the engine has in hand."""
    refund = next(row for row in outcome.rows if isinstance(row, Refund))
    return RefundView(
        refund.id,
        refund.refund_no,
        trade_no,
        refund.redemption,
        refund.points,
        refund.settlement_fen,
        refund.note,
        refund.occurred_at,
        refund.transaction,
        outcome.seq or 0,
        outcome.leaf_hash,
    )


async def fetch_answered(
    services: Services, programme: ProgrammeId, reference: object, seq: int | None = None
) -> RedemptionView:
    """The redemption that a kept answer names."""
    redemption = parse_id("red", str(reference))
    async with services.database.read() as reader:
        view = await fetch_redemption(reader, programme, RedemptionId(redemption), seq) if redemption else None
    if view is None:
        raise LookupError(f"an answer names {reference}, which is not there")
    return view
