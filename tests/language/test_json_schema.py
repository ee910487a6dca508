"""Event types as JSON Schema, and declarations from one."""

from __future__ import annotations

from typing import Any

import pytest

from cep.errors import UsageError
from cep.language.json_schema import event_schema, json_schema
from cep.language.rule_files import load_rules
from cep.language.schema_import import import_events

DECLARED = """
event Login {
  user: string
  outcome: string in ["success", "failure"]
  level: int? in [1, -2, 3]
  ip: ip?
  tries: int
  score: float?
  total: decimal? in [0.5, 2]
  ok: bool
  at: timestamp
  seen: timestamp? in ["2026-01-01T00:00:00Z"]
  wait: duration in [5m, "1h30m"]
  pause: duration?
  tags: list<string>?
  prices: list<decimal>
  grid: list<list<int>>
  parts: list
  headers: map
  sizes: map<float>?
  more: any
  `source.ip`: ip
} time at id user

event Paid { `order id`: string }
"""


def schemas(text: str) -> dict[str, Any]:
    return dict(load_rules(f"{text}\nrule r when Other emit X()").schemas)


def imported(document: Any, name: str | None = None) -> str:
    """The declarations, which must be rules that check."""
    text = import_events(document, name)
    schemas(text)
    return text


def test_there_and_back() -> None:
    before = schemas(DECLARED)
    assert schemas(imported(json_schema(before.values()))) == before


def test_what_is_written() -> None:
    found = event_schema(schemas("event A { a: int, b: string? in ['x'], d: duration, l: list<int>, z: any }")["A"])
    number = {"type": "integer", "minimum": -(2**63), "maximum": 2**63 - 1}
    assert found == {
        "title": "A",
        "type": "object",
        "properties": {
            "type": {"const": "A"},
            "a": number,
            "b": {"anyOf": [{"type": "string", "enum": ["x"]}, {"type": "null"}]},
            "d": {"type": ["string", "number"], "x-cep-type": "duration"},
            "l": {"type": "array", "items": {"anyOf": [number, {"type": "null"}]}},
            "z": {},
        },
        "required": ["type", "a", "d", "l"],
    }
    assert json_schema(schemas("event `a/b` { x: int }").values())["oneOf"] == [{"$ref": "#/$defs/a~1b"}]


def test_a_schema_as_others_write_it() -> None:
    document = {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "order placed",
        "type": "object",
        "required": ["id", "customer", "lines", "channel"],
        "properties": {
            "id": {"type": "string", "format": "uuid", "minLength": 1},
            "customer": {"$ref": "#/definitions/customer"},
            "placed_at": {"type": "string", "format": "date-time"},
            "channel": {"enum": ["web", "shop"]},
            "version": {"const": 2},
            "weight": {"type": ["number", "null"]},
            "ratio": {"enum": [1, 0.5]},
            "host": {"oneOf": [{"type": "string", "format": "ipv4"}, {"type": "null"}]},
            "lines": {"type": "array", "items": {"type": "object", "properties": {"sku": {"type": "string"}}}},
            "labels": {"type": "object", "additionalProperties": {"type": "string"}},
            "either": {"type": ["string", "integer"]},
            "odd": {"anyOf": [{"type": "string"}, {"type": "integer"}]},
            "took": {"type": "string", "format": "duration"},
            "flag": {"type": "boolean", "nullable": True},
            "anything": True,
        },
        "definitions": {"customer": {"allOf": [{"type": "object"}, {"properties": {"name": {"type": "string"}}}]}},
    }
    assert imported(document).split("\n") == [
        "event OrderPlaced {",
        "  id: string",
        "  customer: map",
        "  placed_at: timestamp?",
        '  channel: string in ["web", "shop"]',
        "  version: int? in [2]",
        "  weight: float?",
        "  ratio: float? in [1, 0.5]",
        "  host: ip?",
        "  lines: list<map>",
        "  labels: map<string>?",
        "  either: any",
        "  odd: any",
        "  took: duration?",
        "  flag: bool?",
        "  anything: any",
        "} time placed_at",
        "",
    ]


def test_several_events() -> None:
    document = {
        "$defs": {
            "base": {"properties": {"at": {"type": "string", "format": "date-time"}}, "required": ["at"]},
            "paid": {"allOf": [{"$ref": "#/$defs/base"}], "properties": {"sum": {"type": "number"}}},
            "placed": {"allOf": [{"$ref": "#/$defs/base"}], "properties": {"type": {"const": "OrderPlaced"}}},
        },
        "oneOf": [{"$ref": "#/$defs/paid"}, {"$ref": "#/$defs/placed"}],
    }
    text = imported(document)
    assert "event Paid {\n  at: timestamp\n  sum: float?\n} time at" in text
    assert "event OrderPlaced {\n  at: timestamp\n} time at" in text
    assert "event Base" not in text


def test_names() -> None:
    plain = {"properties": {"x": {"type": "integer"}}}
    assert imported(plain, "Order").startswith("event Order {")
    assert imported({"title": "Login", **plain}, "Order").startswith("event Order {")
    assert imported({"title": "Login", **plain}).startswith("event Login {")
    with pytest.raises(UsageError, match="--name"):
        import_events(plain)


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ([], "no JSON Schema"),
        ({"type": "string"}, "no object with properties"),
        ({"title": "A", "properties": {"x": {"$ref": "#/$defs/none"}}}, "which it does not have"),
        ({"title": "A", "properties": {"x": {"$ref": "other.json"}}}, "only references within it"),
        ({"title": "A", "properties": {"x": {"$ref": "#/$defs/x"}}, "$defs": {"x": {"$ref": "#/$defs/x"}}}, "circle"),
        ({"oneOf": [{"title": n, "properties": {"x": {}}} for n in "AB"]}, "2 events"),
    ],
)
def test_what_is_refused(document: Any, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        import_events(document, "A" if said == "2 events" else None)


def test_a_schema_that_holds_itself() -> None:
    node = {"type": "object", "additionalProperties": {"$ref": "#/$defs/node"}}
    document = {"title": "A", "properties": {"tree": {"$ref": "#/$defs/node"}}, "$defs": {"node": node}}
    assert "tree: map<map<" in import_events(document)
