"""Snapshots keep every value that an event can hold, also nested, and what they share stays shared."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

import cep

PAIR = "rule pair when A as a then B as b within 1 hour emit Pair(v = a.v)"


def through(rules: str, first: dict[str, Any], second: dict[str, Any]) -> list[cep.DerivedEvent]:
    """What the second event derives in an engine that took over the state after the first."""
    before = cep.Engine.from_rules(rules)
    before.push(first)
    after = cep.Engine.from_rules(rules)
    after.restore(before.snapshot())
    return after.push(second)


@pytest.mark.parametrize(
    "value",
    [
        {"z": 2**70, "deep": [{"y": -(2**64)}, None]},
        {"d": Decimal("1.50"), "list": [Decimal("0.1"), 1.5, True, "x"]},
        [2**63, -(2**63), 2**63 - 1],
        "text",
        None,
    ],
)
def test_values_come_back_as_they_were(value: object) -> None:
    first = {"type": "A", "time": "2026-01-01T00:00:00Z", "v": value}
    [derived] = through(PAIR, first, {"type": "B", "time": "2026-01-01T00:00:01Z"})
    expected = value
    assert repr(derived.fields["v"]) == repr(expected)


def test_the_whole_event_comes_back() -> None:
    rules = "rule last when A then no B for 5 seconds emit Last(*)"
    first = {"type": "A", "time": "2026-01-01T00:00:00Z", "m": {"z": 2**70}}
    [derived] = through(rules, first, {"type": "C", "time": "2026-01-01T00:01:00Z"})
    assert derived.fields == {"m": {"z": 2**70}}


def test_runs_that_shared_an_event_still_share_it() -> None:
    rules = "rule three when 2 A as a then B as b emit Three(n = count(a))"
    before = cep.Engine.from_rules(rules)
    for second in range(3):
        before.push({"type": "A", "time": f"2026-01-01T00:00:0{second}Z"})
    after = cep.Engine.from_rules(rules)
    after.restore(before.snapshot())
    assert [d.fields for d in after.push({"type": "B", "time": "2026-01-01T00:00:09Z"})] == [{"n": 2}]
    assert after.push({"type": "B", "time": "2026-01-01T00:00:10Z"}) == []
