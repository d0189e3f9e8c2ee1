"""Who may see whose data: approvals are used once, in time, by whom they were given to; and what must agree."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest

from app.core.codes import Code, Rejected
from app.core.identity_numbers import Document, IdType
from app.core.ids import DataApprovalId, UserId, VolunteerId
from app.core.personal_data import (
    ASKING_LIFE,
    DataApproval,
    Field,
    PersonalData,
    correct_birthday,
    data_of,
    is_protected,
)
from app.core.phones import normalise_phone

NOW = datetime(2026, 3, 2, 8, tzinfo=UTC)
ASKER, APPROVER = UserId(UUID(int=1)), UserId(UUID(int=2))
CHILD, OTHER = VolunteerId(UUID(int=3)), VolunteerId(UUID(int=4))
ASKED = DataApproval(
    id=DataApprovalId(UUID(int=5)),
    volunteer=CHILD,
    fields=(Field.NAME, Field.PHONE),
    reason="核对材料",
    asked_by=ASKER,
    asked_at=NOW,
)
GIVEN = replace(ASKED, approved_by=APPROVER, approved_at=NOW, valid_until=NOW + timedelta(hours=1))
CARD = Document(IdType.RESIDENT_ID, "330282199003070016")


@pytest.mark.parametrize("age, protected", [(None, True), (0, True), (13, True), (17, True), (18, False), (70, False)])
def test_who_is_under_eighteen_or_of_unknown_age_is_protected(age: int | None, *, protected: bool) -> None:
    """未成年人网络保护条例, Art. 36: a minor is under 18; nobody is taken for grown up without knowing."""
    assert is_protected(age) is protected


def test_an_approval_covers_what_it_was_given_for() -> None:
    """This person's data, these fields or fewer, by who asked, within its time, once."""
    assert GIVEN.covers(CHILD, (Field.NAME,), ASKER, NOW)
    assert not ASKED.covers(CHILD, (Field.NAME,), ASKER, NOW)
    assert not GIVEN.covers(OTHER, (Field.NAME,), ASKER, NOW)
    assert not GIVEN.covers(CHILD, (Field.NAME, Field.ID_NUMBER), ASKER, NOW)
    assert not GIVEN.covers(CHILD, (Field.NAME,), APPROVER, NOW)
    assert not GIVEN.covers(CHILD, (Field.NAME,), ASKER, NOW + timedelta(hours=1))
    assert not replace(GIVEN, used_at=NOW).covers(CHILD, (Field.NAME,), ASKER, NOW)


def test_nobody_approves_their_own_request_or_twice_or_late() -> None:
    """A second person, while it is fresh."""
    assert ASKED.refuse_approving(APPROVER, NOW) is None
    assert ASKED.refuse_approving(ASKER, NOW) == Rejected(Code.SELF_REVIEW)
    assert GIVEN.refuse_approving(APPROVER, NOW) == Rejected(Code.STATE_CONFLICT, {"state": "approved"})
    late = ASKED.refuse_approving(APPROVER, NOW + ASKING_LIFE)
    assert late == Rejected(Code.STATE_CONFLICT, {"state": "expired"})


def test_a_birthday_agrees_with_the_document() -> None:
    """The document's counts; one that contradicts it is a mistake in one of them."""
    born_on = date(1990, 3, 7)
    assert correct_birthday(None, CARD) == born_on
    assert correct_birthday(born_on, CARD) == born_on
    assert correct_birthday(born_on, None) == born_on
    assert correct_birthday(None, None) is None
    assert correct_birthday(date(1990, 3, 8), CARD) == Rejected(Code.PARAM_ERROR, {"field": "born_on"})


def test_data_survives_its_fields_and_shows_nothing_by_accident() -> None:
    """What is sealed field by field comes back whole; its repr, which a traceback may print, is empty of it."""
    data = PersonalData(name="张三丰", phone="13812341234", document=CARD)
    assert data_of(data.fields()) == data
    assert PersonalData().fields() == {}
    for clear in ("张三丰", "13812341234", CARD.number):
        assert clear not in repr(data)


def test_a_masked_copy_has_no_value_in_clear() -> None:
    """Masked as the convention says."""
    masked = PersonalData(name="张三丰", phone="13812341234", document=CARD).masked()
    assert masked == PersonalData(
        name="张**", phone="138****1234", document=Document(IdType.RESIDENT_ID, "330282********0016")
    )


@pytest.mark.parametrize(
    "text, number",
    [
        ("13812341234", "13812341234"),
        ("+86 138-1234-1234", "13812341234"),
        ("+8613812341234", "13812341234"),
        ("+85291234567", "+85291234567"),
        ("12812341234", None),
        ("1381234123", None),
        ("+8612812341234", None),
        ("１３８１２３４１２３４", None),
        ("", None),
    ],
)
def test_a_phone_has_one_spelling(text: str, number: str | None) -> None:
    """However it was written, the same number is found again; what is none is refused."""
    assert normalise_phone(text) == number
