"""Files of applications: recognised by how they begin, taken in two states, kept no longer than they are needed."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.applications.deadlines import APPEAL_DAYS
from app.core.applications.files import (
    FILE_BYTES_MAX,
    FILES_MAX,
    KEPT,
    TAKING,
    MediaType,
    recognise,
    refuse_content,
    refuse_file,
)
from app.core.applications.states import MOVES, ApplicationState
from app.core.benefits.model import Evidence, EvidenceSource
from app.core.codes import Code, Rejected
from tests.support.benefits import a_benefit

S = ApplicationState
BEGINNINGS = {MediaType.JPEG: b"\xff\xd8\xff", MediaType.PNG: b"\x89PNG\r\n\x1a\n", MediaType.PDF: b"%PDF-"}
BENEFIT = replace(
    a_benefit(),
    evidence=(
        Evidence(code="illness", name="病情证明", name_en="Medical proof"),
        Evidence(code="income", name="收入核对", name_en="Income check", source=EvidenceSource.SHARED),
    ),
)


@given(st.sampled_from(MediaType), st.binary(max_size=64), st.sampled_from(MediaType))
def test_a_file_is_what_it_begins_like_and_says_so(kind: MediaType, rest: bytes, said: MediaType) -> None:
    """What says that it is something else is not taken."""
    taken = refuse_content(BEGINNINGS[kind] + rest, said.value)
    assert taken == (kind if said is kind else Rejected(Code.FILE_TYPE_REFUSED))


@given(st.binary(max_size=64))
def test_anything_else_is_nothing_that_is_taken(content: bytes) -> None:
    """Whatever it is called."""
    known = any(content.startswith(beginning) for beginning in BEGINNINGS.values())
    assert (recognise(content) is not None) is known


def test_the_last_byte_that_fits() -> None:
    """Five mebibytes are taken, one byte more is not."""
    whole = BEGINNINGS[MediaType.PDF].ljust(FILE_BYTES_MAX, b" ")
    assert refuse_content(whole, "application/pdf") is MediaType.PDF
    refused = refuse_content(whole + b" ", "application/pdf")
    assert refused == Rejected(Code.BODY_TOO_LARGE, {"bytes_max": FILE_BYTES_MAX})


@pytest.mark.parametrize("state", S)
def test_two_states_take_files(state: ApplicationState) -> None:
    """A draft, and one to which something is missing; every other names its state."""
    taken = state in (S.DRAFT, S.MATERIAL_REQUESTED)
    assert (state in TAKING) is taken
    refusal = None if taken else Rejected(Code.STATE_CONFLICT, {"state": state.value})
    assert refuse_file(BENEFIT, state, "illness", ()) == refusal


def test_only_papers_that_the_applicant_brings_and_ten_of_them() -> None:
    """Nothing that data sharing gives; the eleventh is refused, one in another's place is not."""
    for code in ("income", "unknown"):
        refused = Rejected(Code.PARAM_ERROR, {"material": code, "why": "not-asked-for"})
        assert refuse_file(BENEFIT, S.DRAFT, code, ()) == refused
    others = [f"p{number}" for number in range(FILES_MAX)]
    too_many = Rejected(Code.TOO_MANY_FILES, {"files_max": FILES_MAX})
    assert refuse_file(BENEFIT, S.DRAFT, "illness", others[1:]) is None
    assert refuse_file(BENEFIT, S.DRAFT, "illness", others) == too_many
    assert refuse_file(BENEFIT, S.DRAFT, "illness", [*others[1:], "illness"]) is None


def test_an_open_case_keeps_its_files() -> None:
    """Terms run in drafts and where nothing is to be decided; each end of a case has one, longer than an appeal."""
    ends = {after for move in MOVES.values() for after in move.ends if not any(state is after for state, _ in MOVES)}
    assert ends <= set(KEPT)
    assert {S.SUBMITTED, S.VILLAGE_REVIEW, S.TOWN_REVIEW, S.PUBLICITY, S.CITY_REVIEW, S.APPEALED}.isdisjoint(KEPT)
    assert {S.WAITING, S.APPROVED, S.REFERRED}.isdisjoint(KEPT)
    assert KEPT[S.REJECTED].days > APPEAL_DAYS
