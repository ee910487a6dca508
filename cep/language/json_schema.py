"""Event types as JSON Schema (draft 2020-12). Language layer. The other way is :mod:`cep.language.schema_import`.

A schema describes what a record may look like so that it is taken in. Three of our types have no counterpart there
(``1h30m`` is no ``duration`` of JSON Schema), so they travel as the annotation ``x-cep-type``, allowed values of these
as ``x-cep-in``, and the fields with time and id as ``x-cep-time`` and ``x-cep-id``; other readers ignore them.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from cep.durations import format_duration
from cep.language.checked import Schema, SchemaField
from cep.timestamps import format_time
from cep.types import INT64_MAX, INT64_MIN, Type

DIALECT = "https://json-schema.org/draft/2020-12/schema"

_TYPES: dict[str, dict[str, Any]] = {
    "string": {"type": "string"},
    "int": {"type": "integer", "minimum": INT64_MIN, "maximum": INT64_MAX},
    "float": {"type": "number"},
    "bool": {"type": "boolean"},
    "ip": {"type": "string", "anyOf": [{"format": "ipv4"}, {"format": "ipv6"}]},
    "timestamp": {
        "anyOf": [{"type": "string", "format": "date-time"}, {"type": "number"}],
        "x-cep-type": "timestamp",
    },
    "duration": {"type": ["string", "number"], "x-cep-type": "duration"},
    "decimal": {"type": ["string", "number"], "x-cep-type": "decimal"},
    "any": {},
}


def json_schema(schemas: Iterable[Schema]) -> dict[str, Any]:
    """One JSON Schema for records of all these types, each under its name in ``$defs``."""
    definitions = {schema.name: event_schema(schema) for schema in schemas}
    return {
        "$schema": DIALECT,
        "$defs": definitions,
        "oneOf": [{"$ref": f"#/$defs/{_pointer(name)}"} for name in definitions],
    }


def event_schema(schema: Schema) -> dict[str, Any]:
    """The schema of one event type, without ``$schema``. Fields beside those that are declared are allowed."""
    fields = schema.fields.values()
    found: dict[str, Any] = {
        "title": schema.name,
        "type": "object",
        "properties": {"type": {"const": schema.name}} | {field.name: field_schema(field) for field in fields},
        "required": ["type", *(field.name for field in fields if not _may_be_missing(field.type))],
    }
    if schema.time_field is not None:
        found["x-cep-time"] = schema.time_field
    if schema.id_field is not None:
        found["x-cep-id"] = schema.id_field
    return found


def field_schema(field: SchemaField) -> dict[str, Any]:
    """The schema of a field's values."""
    found = type_schema(field.type.not_null())
    if field.domain is not None:
        if "x-cep-type" in found:
            found["x-cep-in"] = [_written(value, field.type) for value in field.domain]
        else:
            found["enum"] = [list(value) if isinstance(value, tuple) else value for value in field.domain]
    return {"anyOf": [found, {"type": "null"}]} if field.type.optional else found


def type_schema(kind: Type) -> dict[str, Any]:
    """The schema of a type; elements of lists and values of maps may be null."""
    inner = {} if kind.item is None else {"anyOf": [type_schema(kind.item), {"type": "null"}]}
    match kind.name:
        case "list":
            return {"type": "array", "items": inner} if inner else {"type": "array"}
        case "map":
            return {"type": "object", "additionalProperties": inner} if inner else {"type": "object"}
    return dict(_TYPES[kind.name])


def _may_be_missing(kind: Type) -> bool:
    return kind.optional or kind.name == "any"


def _written(value: object, kind: Type) -> object:
    if kind.name == "timestamp" and isinstance(value, int):
        return format_time(value)
    return format_duration(value) if kind.name == "duration" and isinstance(value, int) else value


def _pointer(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1")
