"""Declared fields: what each type takes, what becomes of it, and that both ways of decoding do the same."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import cep
from cep.connectors import open_source
from cep.engine import Engine
from cep.runtime.feed import Options

AT = "2026-01-01T00:00:00Z"
NO = ...

# Type, value as JSON, and what a rule that emits the field writes; NO where the record is a dead letter.
CASES: list[tuple[str, str, Any]] = [
    ("string", '"a"', "a"),
    ("string", "1", NO),
    ("int", "1", 1),
    ("int", "1.0", NO),
    ("int", '"1"', NO),
    ("int", "true", NO),
    ("int", "9223372036854775808", NO),
    ("float", "1", 1.0),
    ("float", "1.5", 1.5),
    ("float", '"1.5"', NO),
    ("float", "true", NO),
    ("decimal", "1", "1"),
    ("decimal", "1.10", "1.1"),
    ("decimal", '"1.10"', "1.10"),
    ("decimal", '"1e3"', "1E+3"),
    ("decimal", '"NaN"', NO),
    ("decimal", '"much"', NO),
    ("bool", "true", True),
    ("bool", "1", NO),
    ("bool", '"true"', NO),
    ("timestamp", '"2026-01-01T01:00:00+01:00"', AT),
    ("timestamp", "1767225600", AT),
    ("timestamp", "1767225600000", AT),
    ("timestamp", "1767225600.5", "2026-01-01T00:00:00.500000Z"),
    ("timestamp", '"2026-01-01T00:00:00"', NO),
    ("timestamp", '"soon"', NO),
    ("duration", '"1h30m"', "1h30m"),
    ("duration", '"5 minutes"', "5m"),
    ("duration", '"PT5M"', "5m"),
    ("duration", "1.5", "1s500ms"),
    ("duration", '"5"', NO),
    ("ip", '"10.0.0.1"', "10.0.0.1"),
    ("ip", '"2001:db8::1"', "2001:db8::1"),
    ("ip", '"10.0.0.256"', NO),
    ("ip", "1", NO),
    ("list", '[1, "a", null]', [1, "a", None]),
    ("list", "{}", NO),
    ("list<float>", "[1, null]", [1.0, None]),
    ("list<int>", '["1"]', NO),
    ("list<decimal>", '["1.10", 2]', ["1.10", "2"]),
    ("list<timestamp>", "[1767225600]", [AT]),
    ("list<list<int>>", "[[1], []]", [[1], []]),
    ("list<list<int>>", '[["1"]]', NO),
    ("map", '{"a": 1}', {"a": 1}),
    ("map", "[]", NO),
    ("map<float>", '{"a": 1, "b": null}', {"a": 1.0, "b": None}),
    ("map<int>", '{"a": "1"}', NO),
    ("any", '[1, {"a": null}]', [1, {"a": None}]),
    ("string?", "null", None),
    ("string", "null", NO),
    ("any", "null", None),
    ('string in ["a", "b"]', '"b"', "b"),
    ('string in ["a", "b"]', '"c"', NO),
    ('string? in ["a"]', "null", None),
    ("int in [1, 2]", "3", NO),
    ("float in [1, 2.5]", "1", 1.0),
    ("decimal in [0.1, 2]", "0.1", "0.1"),
    ("decimal in [0.1, 2]", '"2.00"', "2.00"),
    ("decimal in [0.1, 2]", '"0.2"', NO),
    ("duration in [5m]", '"300s"', "5m"),
    ("duration in [5m]", '"6m"', NO),
    (f'timestamp in ["{AT}"]', "1767225600", AT),
    (f'timestamp in ["{AT}"]', "1767225601", NO),
    ("bool in [true]", "false", NO),
    ('list<string> in [["a"], []]', "[]", []),
    ('list<string> in [["a"], []]', '["b"]', NO),
]


def read(kind: str, value: str, specialised: bool, folder: Path) -> tuple[list[Any], list[Any]]:
    """What is emitted from a file of one record, and the dead letters."""
    rules = f"event R {{ x: {kind}\n at: timestamp }} time at\nrule all when R emit S(x)"
    engine = Engine(Engine.from_rules(rules).plan, Options(specialised=specialised))
    path = folder / "events.jsonl"
    path.write_text(f'{{"type":"R","at":"{AT}","x":{value}}}\n')
    derived = []
    for partition in open_source(path).partitions(engine.projection):
        while (batch := partition.next_batch()) is not None:
            derived += engine.push_batch(batch)
    return [json.loads(each.to_json())["x"] for each in derived], engine.take_dead_letters()


@pytest.mark.parametrize(("kind", "value", "expected"), CASES)
@pytest.mark.parametrize("specialised", [True, False], ids=["typed", "general"])
def test_what_a_type_takes(kind: str, value: str, expected: Any, specialised: bool, tmp_path: Path) -> None:
    found, dead = read(kind, value, specialised, tmp_path)
    if expected is NO:
        [letter] = dead
        assert letter.code in ("CEP613", "CEP614", "CEP615", "CEP605")
        assert letter.code == "CEP605" or "`x`" in letter.reason
        assert found == []
    else:
        assert (found, dead) == ([expected], [])
        assert type(found[0]) is type(expected)


@pytest.mark.parametrize(("kind", "value", "expected"), CASES)
def test_what_an_application_pushes_is_taken_the_same(kind: str, value: str, expected: Any) -> None:
    engine = cep.Engine.from_rules(f"event R {{ x: {kind}\n at: timestamp }} time at\nrule all when R emit S(x)")
    derived = engine.push({"type": "R", "at": AT, "x": json.loads(value)})
    dead = engine.take_dead_letters()
    assert [json.loads(each.to_json())["x"] for each in derived] == ([] if expected is NO else [expected])
    assert len(dead) == (expected is NO)


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("int", "field `x` should be int, not 'many'"),
        ('string in ["a"]', "field `x` is 'many', not one of \"a\""),
        ("duration in [5m, 1h]", "field `x` should be duration, not 'many'"),
    ],
)
def test_the_reason_names_field_and_type(kind: str, said: str) -> None:
    engine = cep.Engine.from_rules(f"event R {{ x: {kind} }}\nrule all when R emit S(x)")
    engine.push({"type": "R", "time": AT, "x": "many"})
    [letter] = engine.take_dead_letters()
    assert letter.reason == said


@pytest.mark.parametrize(
    "kind", ['timestamp in ["soon"]', 'ip in ["10"]', 'duration in ["5"]', 'timestamp in ["2026-01-01T00:00:00"]']
)
def test_allowed_values_that_cannot_be_read(kind: str) -> None:
    with pytest.raises(cep.RuleError) as caught:
        cep.Engine.from_rules(f"event R {{ x: {kind} }}\nrule all when R emit S(x)")
    assert [each.code for each in caught.value.diagnostics if each.severity == "error"] == ["CEP316"]
