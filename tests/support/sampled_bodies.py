"""Bodies made from the contract's own examples: enough to get past the reading of a request, for any operation."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from tests.support.calls import Json

Schema = Mapping[str, Any]
ID = re.compile(r"([a-z]{3})_(?:[a-z][a-z0-9-]{1,15}_)?[0-9a-f]{32}")
"""An id as answers and bodies carry it; its first three letters say of what."""


def resolve(contract: Json, schema: Schema) -> Schema:
    """The schema that a reference names."""
    while "$ref" in schema:
        schema = contract["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    return schema


def sample(contract: Json, schema: Schema) -> Any:  # noqa: ANN401 - any JSON
    """A value for a schema: its example where it has one, and of an object only what is required."""
    schema = resolve(contract, schema)
    for name in ("examples", "enum"):
        if schema.get(name):
            return schema[name][0]
    if "const" in schema:
        return schema["const"]
    if choices := schema.get("anyOf") or schema.get("oneOf"):
        return sample(contract, choices[0])
    match schema.get("type"):
        case "object":
            fields = schema.get("properties", {})
            return {name: sample(contract, fields[name]) for name in schema.get("required", ())}
        case "array":
            return [sample(contract, schema["items"])] if schema.get("minItems") else []
        case "integer":
            return schema.get("minimum", 1)
        case "boolean":
            return True
        case _:
            return _text(schema)


def _text(schema: Schema) -> str:
    if schema.get("format") == "date":
        return "2026-03-01"
    if schema.get("format") == "date-time":
        return "2026-03-03T09:00:00+08:00"
    return "a reason to do it"[: schema.get("maxLength", 40)]


def schema_of(contract: Json, operation: Json) -> Schema | None:
    """The schema of an operation's JSON body; None where it has none."""
    found = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema")
    return resolve(contract, found) if found else None


def bodies_with_ids(contract: Json, schema: Schema) -> Iterator[Any]:
    """Bodies that name something: the least one, and for each further field that takes an id one with it."""
    least = sample(contract, schema)
    if not isinstance(least, dict):
        return
    if list(ids_in(least)):
        yield least
    for name, field in schema.get("properties", {}).items():
        value = sample(contract, field)
        if name not in least and list(ids_in(value)):
            yield {**least, name: value}


def ids_in(value: Any) -> Iterator[str]:  # noqa: ANN401 - any JSON
    """The ids that stand in a value, at any depth."""
    match value:
        case str() if ID.fullmatch(value):
            yield value
        case dict():
            for each in value.values():
                yield from ids_in(each)
        case list():
            for each in value:
                yield from ids_in(each)


def with_ids(value: Any, put: Mapping[str, str]) -> Any:  # noqa: ANN401 - any JSON
    """The same value, with other ids in it by their first letters."""
    match value:
        case str() if (found := ID.fullmatch(value)) and found[1] in put:
            return put[found[1]]
        case dict():
            return {name: with_ids(each, put) for name, each in value.items()}
        case list():
            return [with_ids(each, put) for each in value]
        case _:
            return value
