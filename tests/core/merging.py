"""What the commands of a batch need together."""

from collections.abc import Iterable
from dataclasses import fields

from app.core.needs import Needs


def merge(all_needs: Iterable[Needs]) -> Needs:
    """What several commands need together."""
    listed = list(all_needs)
    names = [each.name for each in fields(Needs) if each.name != "policies"]
    merged = {name: frozenset().union(*(getattr(needs, name) for needs in listed)) for name in names}
    return Needs(**merged, policies=any(needs.policies for needs in listed))
