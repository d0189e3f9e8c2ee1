"""How Schemathesis sends a body of rows: as the text it has made up, line breaks and all."""

from typing import Any

import schemathesis

from app.api.bulk_bodies import NDJSON


@schemathesis.serializer(NDJSON)
def send_rows(_context: schemathesis.SerializationContext, value: Any) -> bytes:  # noqa: ANN401 - whatever was generated
    """The bytes of a generated body."""
    return value if isinstance(value, bytes) else str(value).encode("utf-8", "replace")
