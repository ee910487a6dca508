"""Where event time is looked for: the declared field first, then the usual ones, on both ways in."""

from __future__ import annotations

import json

import pytest

import cep
from cep.event import Batch
from cep.timestamps import TIME_FIELDS


@pytest.mark.parametrize("present", TIME_FIELDS)
@pytest.mark.parametrize("declared", ["time", "ts", "event_time", "at"])
def test_an_optional_time_field_falls_back_on_the_usual_ones(declared: str, present: str) -> None:
    rules = f"event R {{ x: int, {declared}: timestamp? }} time {declared}\nrule r when R(x > 0) emit X(x)"
    record = {"type": "R", "x": 1, present: "2026-01-01T00:00:07Z"}
    engine = cep.Engine.from_rules(rules)
    [derived] = engine.push(record)
    line = json.dumps(record).encode()
    typed = cep.Engine.from_rules(rules)
    events = typed.projection.decode_lines(line + b"\n")
    [same] = typed.push_batch(Batch("push", "", events, range(1, 2), lambda index: line))
    assert derived.time == same.time == "2026-01-01T00:00:07Z"
    assert derived.to_json() == same.to_json()


def test_a_mean_of_durations_is_a_whole_duration() -> None:
    rules = """
    event Job { took: duration, at: timestamp } time at
    rule mean from Job over last 1 hour when count() >= 2 every time emit Mean(mean = avg(took))
    """
    engine = cep.Engine.from_rules(rules)
    engine.push({"type": "Job", "took": "1s", "at": "2026-01-01T00:00:00Z"})
    [derived] = engine.push({"type": "Job", "took": "2s", "at": "2026-01-01T00:00:01Z"})
    assert derived.fields == {"mean": "1s500ms"}


def test_an_arrival_is_microseconds_or_text() -> None:
    rules = "rule r when A emit X()"
    for arrival in (1_767_225_600_000_000, "2026-01-01T00:00:00Z"):
        [derived] = cep.Engine.from_rules(rules).push({"type": "A"}, arrival=arrival)
        assert derived.time == "2026-01-01T00:00:00Z"
    [derived] = cep.Engine.from_rules(rules).push({"type": "A"}, arrival=0)
    assert derived.time == "1970-01-01T00:00:00Z"
