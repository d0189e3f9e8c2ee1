"""Tallies and reports of back-tests as JSON. The dataclasses of the core are the schema."""

from pydantic import TypeAdapter

from app.core.policies.back_test_reports import Report, Tally

_TALLIES: TypeAdapter[Tally] = TypeAdapter(Tally)
_REPORTS: TypeAdapter[Report] = TypeAdapter(Report)


def encode_tally(tally: Tally) -> str:
    """A tally as JSON on one line."""
    return _TALLIES.dump_json(tally).decode()


def decode_tally(written: str) -> Tally:
    """The tally that `encode_tally` wrote."""
    return _TALLIES.validate_json(written)


def encode_report(report: Report) -> str:
    """A report as JSON."""
    return _REPORTS.dump_json(report).decode()


def decode_report(written: str) -> Report:
    """The report that `encode_report` wrote."""
    return _REPORTS.validate_json(written)
