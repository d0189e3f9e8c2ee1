"""The city's four tens: as many as it has given, no more than ten of a kind and edition, nobody twice in one."""

from collections import Counter
from datetime import date

from app.core.honours import KIND_MAX, HonourKind
from app.core.ids import TeamId, VolunteerId
from app.demo.figures import city_figures, sandbox_figures
from app.demo.honours import draw_honours
from tests.support.city_rows import named

VOLUNTEERS = [VolunteerId(named("volunteer", number)) for number in range(20)]
TEAMS = [TeamId(named("team", number)) for number in range(40)]


def test_the_city_has_its_131_honours() -> None:
    """四个10: four kinds in four editions, 131 in all, so not every place is taken; the smallest demo has room."""
    drawn = list(draw_honours(city_figures(), VOLUNTEERS, TEAMS, date(2026, 11, 25)))
    cells = Counter((honour.edition, honour.kind) for honour in drawn)
    subjects = {(honour.edition, honour.kind, honour.volunteer, honour.team, honour.region) for honour in drawn}
    assert len(drawn) == len(subjects) == 131
    assert len(cells) == 4 * len(HonourKind)
    assert max(cells.values()) <= KIND_MAX
    assert all(honour.is_sound for honour in drawn)
    assert {honour.awarded_on.year for honour in drawn} == {2022, 2023, 2024, 2025}


def test_a_sandbox_has_none() -> None:
    """Vendors try tills there."""
    assert list(draw_honours(sandbox_figures(), VOLUNTEERS, TEAMS, date(2026, 11, 25))) == []
