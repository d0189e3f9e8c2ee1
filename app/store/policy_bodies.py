"""The body of an accrual policy as JSON: one form for the table, the fixtures and the contract.

The dataclasses of the core are the schema. What comes from outside is checked at the edge before it gets here.
"""

import json
from datetime import date
from functools import lru_cache

from pydantic import TypeAdapter

from app.core.policies import AccrualPolicy

_BODIES: TypeAdapter[AccrualPolicy] = TypeAdapter(AccrualPolicy)


def encode_policy(policy: AccrualPolicy) -> str:
    """A policy as JSON, every field of it."""
    return _BODIES.dump_json(policy).decode()


@lru_cache(maxsize=256)
def decode_policy(body: str) -> AccrualPolicy:
    """The policy that `encode_policy` wrote; a field that is missing has its default."""
    return _BODIES.validate_json(body)


POLICY_COLUMNS = "version, effective_from, rate_per_hour, CAST(coefficients_bp AS text), CAST(body AS text)"
"""What `read_policy` reads of the table of published versions."""


def read_policy(version: str, effective_from: date, rate: int, coefficients: str, body: str | None) -> AccrualPolicy:
    """A published version. One without a body is of the time when rate and coefficients were all there was."""
    if body is not None:
        return decode_policy(body)
    return AccrualPolicy(
        version=version,
        effective_from=effective_from,
        rate_per_hour=rate,
        coefficients_bp={int(level): bp for level, bp in json.loads(coefficients).items()},
    )
