"""Whoever reads the audit trail can tell what was done: each route names its act as no other does."""

import re
from collections import defaultdict

import pytest

from tests.house.audit_names import names_of_acts
from tests.house.rules import parse
from tests.house.test_files import TREE

GENERIC = "app/api/acting.py"
NAME = re.compile(r"[a-z]+(-[a-z]+)*\.([a-z]+(-[a-z]+)*|\*)")


def test_every_route_names_its_act_as_no_other_does() -> None:
    """One place for one name. With a `*` the step of the route's path stands there."""
    places = defaultdict(list)
    for source in TREE:
        if source.within("app/api") and source.path.as_posix() != GENERIC:
            for named in names_of_acts(source):
                places[named.name].append(named.place)
    assert not {name: found for name, found in places.items() if len(found) > 1}
    assert not {name: found for name, found in places.items() if not NAME.fullmatch(name)}
    assert len(places) > 70


@pytest.mark.parametrize(
    "text, names",
    [
        ('note(answer, "store.close", name, {})', ["store.close"]),
        ('lambda e: note_edit(e, render, "store.close", name)', ["store.close"]),
        ('Done(answer="{}", action="offer.stock", subject=s, changes={})', ["offer.stock"]),
        ('note(answer, f"offer.{step.value}", name, {})', ["offer.*"]),
        ('verb = f"round.{step}"\nDone(answer="{}", action=verb, subject=s, changes={})', ["round.*"]),
        (
            'def _tell(a, action):\n    return note(a, action, a, {})\n_tell(a, "key.make")\n_tell(a, "key.end")',
            ["key.make", "key.end"],
        ),
        ("note(answer, chosen(), name, {})", ["?"]),
    ],
)
def test_names_are_found_where_they_are_written(text: str, names: list[str]) -> None:
    """As a literal, with a step, by keyword, handed on; what cannot be read is not passed over."""
    assert [named.name for named in names_of_acts(parse("app/api/planted.py", text))] == names
