"""The body of a benefit as JSON: one form for the table, the fixtures and the contract.

The dataclasses of the core are the schema. What comes from outside is checked at the edge before it gets here.
"""

from functools import lru_cache

from pydantic import TypeAdapter

from app.core.benefits.model import Benefit

_BODIES: TypeAdapter[Benefit] = TypeAdapter(Benefit)


def encode_benefit(benefit: Benefit) -> str:
    """A benefit as JSON, every field of it."""
    return _BODIES.dump_json(benefit).decode()


@lru_cache(maxsize=256)
def decode_benefit(body: str) -> Benefit:
    """The benefit that `encode_benefit` wrote; a field that is missing has its default."""
    return _BODIES.validate_json(body)
