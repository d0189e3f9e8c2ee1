"""The commands about rounds, places and grants, and the one function that decides them."""

from typing import assert_never

from app.core.book import Book, Decision
from app.core.claims import ClaimPlace, ReleasePlace, decide_claim_place, decide_release_place
from app.core.draws import DrawLots, decide_draw_lots
from app.core.grants import ApproveGrant, decide_approve_grant
from app.core.quantities import Instant
from app.core.revocations import RevokeGrant, decide_revoke_grant
from app.core.round_ends import CloseRound, EnlargeRound, decide_close_round, decide_enlarge_round
from app.core.tickets import Attend, decide_attend

SeatCommand = ClaimPlace | ReleasePlace | DrawLots | Attend | EnlargeRound | CloseRound | ApproveGrant | RevokeGrant


def decide_seat_command(command: SeatCommand, book: Book, at: Instant) -> Decision:
    """Decide one command on the book as it stands, at the batch's clock."""
    match command:
        case ClaimPlace():
            return decide_claim_place(command, book, at)
        case ReleasePlace():
            return decide_release_place(command, book, at)
        case DrawLots():
            return decide_draw_lots(command, book, at)
        case Attend():
            return decide_attend(command, book, at)
        case EnlargeRound():
            return decide_enlarge_round(command, book, at)
        case CloseRound():
            return decide_close_round(command, book, at)
        case ApproveGrant():
            return decide_approve_grant(command, book, at)
        case RevokeGrant():
            return decide_revoke_grant(command, book, at)
        case unreachable:
            assert_never(unreachable)
