"""Every column that holds words about a person, and whom they are about: for sealing what stood in clear, and erasing.

A test walks all text of the schema and asks that each column is here, or is said to hold no such words.
"""

from dataclasses import dataclass

from app.security.words import Place


@dataclass(frozen=True, slots=True, kw_only=True)
class WordColumn:
    """A column of table `t`, as pieces of SQL: whose words are about whom, who wrote them, and which row they are in.

    `place`: what its words are sealed for; `append_only`: nobody but the table's owner can seal what stands there.
    """

    table: str
    column: str
    place: Place
    about: str
    row: str = "t.id"
    writer: str = "NULL"
    within: str = "true"
    append_only: bool = False


def _volunteer_of(table: str, reference: str) -> str:
    return f"(SELECT o.volunteer_id FROM {table} o WHERE o.programme_id = t.programme_id AND o.id = t.{reference})"


_APPLICANT = _volunteer_of("applications", "application_id")
_SERVED = _volunteer_of("service_records", "record_id")
_HONOURED = _volunteer_of("honours", "honour_id")
_RAISER = r"CASE WHEN t.raised_by LIKE 'vol\_%' THEN CAST(substr(t.raised_by, 5) AS uuid) END"
_OWN = "t.volunteer_id"
_APPLICATION = "t.application_id"

WORD_COLUMNS = (
    WordColumn(table="applications", column="statement", place=Place.APPLICATION_STATEMENT, about=_OWN),
    WordColumn(
        table="application_steps",
        column="reason",
        place=Place.APPLICATION_STEP,
        about=_APPLICANT,
        row=_APPLICATION,
        append_only=True,
    ),
    WordColumn(
        table="application_objections",
        column="reason",
        place=Place.APPLICATION_OBJECTION,
        about=_APPLICANT,
        row=_APPLICATION,
        writer="t.raised_by",
    ),
    WordColumn(
        table="application_objections",
        column="answer",
        place=Place.APPLICATION_ANSWER,
        about=_APPLICANT,
        row=_APPLICATION,
    ),
    WordColumn(table="objections", column="reason", place=Place.OBJECTION_REASON, about=_SERVED, writer=_RAISER),
    WordColumn(table="objections", column="answer", place=Place.OBJECTION_ANSWER, about=_SERVED),
    WordColumn(table="penalties", column="evidence", place=Place.PENALTY_EVIDENCE, about=_OWN),
    WordColumn(table="penalties", column="reason", place=Place.PENALTY_REASON, about=_OWN),
    WordColumn(table="penalties", column="appeal", place=Place.PENALTY_APPEAL, about=_OWN),
    WordColumn(table="penalties", column="answer", place=Place.PENALTY_ANSWER, about=_OWN),
    WordColumn(table="erasure_requests", column="reason", place=Place.ERASURE_REASON, about=_OWN),
    WordColumn(table="erasure_requests", column="decision", place=Place.ERASURE_DECISION, about=_OWN),
    WordColumn(table="data_approvals", column="reason", place=Place.APPROVAL_REASON, about=_OWN),
    WordColumn(table="data_reads", column="reason", place=Place.READ_REASON, about=_OWN, append_only=True),
    WordColumn(
        table="honour_states",
        column="reason",
        place=Place.HONOUR_REASON,
        about=_HONOURED,
        row="t.honour_id",
        within="t.state = 'withdrawn'",
        append_only=True,
    ),
    WordColumn(table="guardianships", column="evidence", place=Place.GUARDIANSHIP_EVIDENCE, about="t.child_id"),
    WordColumn(table="pool_grants", column="reference", place=Place.POOL_REFERENCE, about=_OWN),
    WordColumn(
        table="record_marks", column="clearing_reason", place=Place.CLEARING_REASON, about=_SERVED, row="t.record_id"
    ),
    WordColumn(
        table="corrections",
        column="reason",
        place=Place.CORRECTION_REASON,
        about=f"coalesce(t.volunteer_id, {_SERVED})",
    ),
)
"""Where words about a person stand as text. Those of `applications.material` stand inside a JSON value."""
