"""Material and frozen facts as applications keep them: JSON beside the row."""

import json
from collections.abc import Sequence
from datetime import datetime

from app.core.applications.files import KeptFile, MediaType
from app.core.applications.material import Material
from app.core.benefits.facts import FactChange


def encode_material(material: Sequence[Material]) -> str:
    """The pieces in the order in which they were handed in."""
    pieces = [
        {"code": each.code, "sha256": each.sha256, "reference": each.reference, "note": each.note} for each in material
    ]
    return json.dumps(pieces, ensure_ascii=False)


def decode_material(written: Sequence[dict[str, str]]) -> tuple[Material, ...]:
    """Read what `encode_material` wrote, parsed by the driver."""
    return tuple(Material(**piece) for piece in written)


def decode_files(written: Sequence[tuple[str, str, int, str, str]]) -> tuple[KeptFile, ...]:
    """Files as a row of applications tells of them: code, kind, size, hash, when."""
    return tuple(
        KeptFile(
            code=code,
            media_type=MediaType(media_type),
            size=size,
            sha256=sha256,
            uploaded_at=datetime.fromisoformat(at),
        )
        for code, media_type, size, sha256, at in written
    )


def encode_differences(differences: Sequence[FactChange]) -> str:
    """Each fact with what it was and what it is."""
    return json.dumps([list(change) for change in differences], ensure_ascii=False)


def decode_differences(written: Sequence[Sequence[int | str | bool | None]]) -> tuple[FactChange, ...]:
    """Read what `encode_differences` wrote, parsed by the driver."""
    return tuple(FactChange(str(fact), before, after) for fact, before, after in written)
