"""From recordings to verdicts. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from app.conformance.findings import REVERSE_AFTER_S
from app.conformance.records import Recording
from app.conformance.rules import RULES


class Grade(StrEnum):
    """How a rule was kept."""

    PASS = "PASS"  # noqa: S105 - a grade, not a secret
    FAIL = "FAIL"
    NOT_SEEN = "NOT SEEN"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """One rule in one scenario, or over all. `broken_by`: the numbers or calls that broke it."""

    rule: str
    grade: Grade
    zh: str
    en: str
    scenarios: tuple[str, ...]
    broken_by: str = ""


def judge(recording: Recording, *, reverse_after_s: float = REVERSE_AFTER_S) -> Sequence[Verdict]:
    """Every rule's verdict on one recording, in the order of the rules."""
    verdicts = []
    for rule in RULES:
        found = rule.judge(recording, reverse_after_s)
        grade = Grade.NOT_SEEN if found is None else Grade.FAIL if found else Grade.PASS
        name = recording.scenario.name
        verdicts.append(
            Verdict(rule=rule.id, grade=grade, zh=rule.zh, en=rule.en, scenarios=(name,), broken_by=found or "")
        )
    return verdicts


def summarise(verdicts: Iterable[Verdict]) -> Sequence[Verdict]:
    """One verdict a rule over all scenarios: the worst, with the scenarios it was seen in."""
    listed = list(verdicts)
    summary = []
    for rule in RULES:
        own = [verdict for verdict in listed if verdict.rule == rule.id]
        grade = next((grade for grade in (Grade.FAIL, Grade.PASS) if any(v.grade is grade for v in own)), None)
        chosen = [verdict for verdict in own if verdict.grade is grade]
        summary.append(
            Verdict(
                rule=rule.id,
                grade=grade or Grade.NOT_SEEN,
                zh=rule.zh,
                en=rule.en,
                scenarios=tuple(name for verdict in chosen for name in verdict.scenarios),
                broken_by="; ".join(verdict.broken_by for verdict in chosen if verdict.broken_by),
            )
        )
    return summary


def is_good(verdicts: Iterable[Verdict]) -> bool:
    """Whether no rule was broken."""
    return not any(verdict.grade is Grade.FAIL for verdict in verdicts)
