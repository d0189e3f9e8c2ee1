"""An act that edits tells the audit trail what was there before; one that does not is listed here, with what it is."""

import pytest

from tests.house.audit_edits import acts_without_before
from tests.house.rules import parse
from tests.house.test_audit_names import GENERIC
from tests.house.test_files import TREE

CREATES = """
agreement.sign application.begin application.enter application.object application.upload back-test.ask benefit.draft
client.key client.register client.rotate consent-text.draft consent-text.publish correction.draft data-approval.ask
erasure.request family.propose fund.open guardianship.propose honour.enter merchant.apply merchant.register
objection.raise offer.draft opening-sheet.draft penalty.impose policy.draft pool-grant.propose predicate.answer
predicate.permit record.enter record.evaluate round-refused.* round.draft staff.add store.open team.create
terminal.register terminal.rotate training.enter user.create user.relative volunteer.register wechat.code
"""
"""Something new: there was nothing before. A rotation adds a secret; the one before stays for its overlap."""

READS = "application.read-material personal-data.export personal-data.look-up personal-data.unmask"
"""Who has seen what. Nothing changes."""

SECRET = "personal-data.change"
"""What was there before is what nobody may read in the trail: that it was changed is all that is told."""


def _without_before() -> set[str]:
    return {
        named.name
        for source in TREE
        if source.within("app/api") and source.path.as_posix() != GENERIC
        for named in acts_without_before(source)
    }


def test_every_act_that_edits_tells_what_was_there_before() -> None:
    """A new act compares, or is listed as one that creates, reads or keeps a secret."""
    listed = {*CREATES.split(), *READS.split(), *SECRET.split()}
    assert _without_before() - listed == set()


def test_nothing_is_listed_that_is_not_there() -> None:
    """An act that has come to compare, or is gone, leaves the lists."""
    assert {*CREATES.split(), *READS.split(), *SECRET.split()} - _without_before() == set()


@pytest.mark.parametrize(
    "text, without",
    [
        ('def f():\n    return note(answer, "store.close", name, {"state": "closed"})', ["store.close"]),
        ('def f():\n    return note(answer, "store.close", name, changed(a, b))', []),
        ('def f():\n    return note_edit(edited, render, "store.close", name)', []),
        ('def f():\n    return note(a, "store.close", n, _moved(a))\ndef _moved(a):\n    return changed(a, a)', []),
        ('def f():\n    return note(a, "store.close", n, _told(a))\ndef _told(a):\n    return {}', ["store.close"]),
        ('def f():\n    return note(a, "store.open", n, {})\ndef g():\n    return changed(a, b)', ["store.open"]),
    ],
)
def test_comparing_is_told_from_naming(text: str, without: list[str]) -> None:
    """In the function itself or in one of its file that it calls; what stands elsewhere is no comparison."""
    assert [named.name for named in acts_without_before(parse("app/api/planted.py", text))] == without
