"""What may come in by ``push`` and through schemas: plain values, or a dead letter that says why."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

import cep

TIME = {"time": "2026-01-01T00:00:00Z"}
PAIR = "rule pair when A as a then B as b emit Pair(v = a.v)"


@pytest.mark.parametrize(
    ("value", "code"),
    [
        (2**70, "CEP605"),
        (math.nan, "CEP605"),
        (math.inf, "CEP605"),
        ("\ud800", "CEP601"),
        ({1, 2}, "CEP617"),
        (object(), "CEP617"),
        ({1: 2}, "CEP617"),
        ([[math.nan]], "CEP605"),
        (Decimal("NaN"), "CEP617"),
    ],
)
def test_what_no_event_can_hold(value: Any, code: str) -> None:
    engine = cep.Engine.from_rules(PAIR)
    assert engine.push({"type": "A", **TIME, "v": value}) == []
    [letter] = engine.take_dead_letters()
    assert letter.code == code
    assert engine.counters.events == engine.counters.dead_letters == 1


@pytest.mark.parametrize(
    ("value", "kept"), [((1, 2), [1, 2]), (datetime(2026, 1, 1, tzinfo=UTC), "2026-01-01T00:00:00+00:00"), ("é", "é")]
)
def test_what_is_made_plain(value: Any, kept: Any) -> None:
    engine = cep.Engine.from_rules(PAIR)
    engine.push({"type": "A", **TIME, "v": value})
    after = cep.Engine.from_rules(PAIR)
    after.restore(engine.snapshot())
    [derived] = after.push({"type": "B", **TIME})
    assert derived.fields == {"v": kept}


def test_an_event_is_a_mapping() -> None:
    engine = cep.Engine.from_rules(PAIR)
    with pytest.raises(TypeError, match="an event is a mapping"):
        engine.push('{"type":"A"}')  # type: ignore[arg-type]


@pytest.mark.parametrize("text", ["sNaN", "NaN", "Infinity", "1_000", " 5 ", "٣", "1e9999", "x", ""])
def test_a_decimal_is_a_plain_finite_number(text: str) -> None:
    rules = "event A { d: decimal, at: timestamp } time at\nrule k when 1 A per d emit K(d)"
    engine = cep.Engine.from_rules(rules)
    assert engine.push({"type": "A", "at": TIME["time"], "d": text}) == []
    assert [letter.code for letter in engine.take_dead_letters()] == ["CEP614"]
    [derived] = engine.push({"type": "A", "at": TIME["time"], "d": "5.10"})
    assert derived.fields == {"d": "5.10"}


@pytest.mark.parametrize("text", ["not an ip", "300.1.1.1", "01.1.1.1", ""])
def test_an_address_is_an_address(text: str) -> None:
    rules = "event A { ip: ip, at: timestamp } time at\nrule k when A emit K(ip)"
    engine = cep.Engine.from_rules(rules)
    assert engine.push({"type": "A", "at": TIME["time"], "ip": text}) == []
    assert [letter.code for letter in engine.take_dead_letters()] == ["CEP614"]
    for good in ("10.0.0.1", "::1"):
        assert [d.fields for d in engine.push({"type": "A", "at": TIME["time"], "ip": good})] == [{"ip": good}]


def test_arrivals_taken_as_times_are_counted() -> None:
    engine = cep.Engine.from_rules("rule r when A emit X()")
    engine.push({"type": "A"}, arrival="2026-01-01T00:00:00Z")
    engine.push({"type": "A", "time": "2026-01-01T00:00:01Z"})
    assert engine.counters.without_time == 1
