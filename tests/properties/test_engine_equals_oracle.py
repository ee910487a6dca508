"""Random rules over random streams: the engine derives what the oracle does, in the same order.

What is compared of each derived event: rule, type, time, the fields with their order and the types of their values, and
the evidence with its labels. Ids are compared by what they stand for: an input event's place in the stream, and which
of its rule's derived events it is.
"""

from __future__ import annotations

import json
from collections import Counter
from typing import Literal

from hypothesis import given, note

from cep.engine import Engine
from cep.event import DerivedEvent
from cep.timestamps import format_time
from tests.oracle.engine import OracleDerived, run
from tests.oracle.rules import load
from tests.properties.generate_rules import (
    Scenario,
    oracle_events,
    scattered_scenarios,
    scenarios,
    window_sets,
)

Shown = tuple[str, str, int, str, list[tuple[str, str]]]


def engine_results(scenario: Scenario) -> tuple[list[Shown], list[Shown], list[str]]:
    """What the engine derives to the end of the input, the same with the flush that follows, and the late events."""
    engine = Engine.from_rules(scenario.rules, lateness=scenario.lateness_us)
    for name in sorted(set(scenario.partitions)):
        engine.open("push", name)
    derived: list[DerivedEvent] = []
    for index, event in enumerate(scenario.events):
        derived += engine.push(dict(event), partition=scenario.partition(index), position=index)
    derived += engine.finish()
    kept = len(derived)
    derived += engine.flush()
    shown = _shown(derived)
    return shown[:kept], shown, [str(late.position) for late in engine.take_late()]


def _shown(derived: list[DerivedEvent]) -> list[Shown]:
    names: dict[str, str] = {}
    ordinals: Counter[str] = Counter()
    for each in derived:
        names[each.id] = f"{each.rule}#{ordinals[each.rule]}"
        ordinals[each.rule] += 1
    assert len(names) == len(derived), "two derived events with one id"

    def name(event_id: str) -> str:
        return names.get(event_id) or event_id.rpartition(":")[2]

    return [
        (
            each.rule,
            each.type,
            each.time_us,
            json.dumps(each.fields),
            [(item.step, name(item.id)) for item in each.evidence],
        )
        for each in derived
    ]


def oracle_results(scenario: Scenario, end: Literal["keep", "flush"]) -> tuple[list[Shown], list[str]]:
    """The same of the oracle: what it derives, and the late events."""
    events = oracle_events(scenario)
    rules = load(scenario.rules)
    result = run(rules, events, end, scenario.lateness_us)
    times = {(r.name, f.name) for r in rules.rules for f in r.emit.fields if f.value.type.name == "timestamp"}
    shown = [
        (each.rule, each.type, each.time_us, json.dumps(_written(each, times)), each.evidence)
        for each in result.derived
    ]
    return shown, result.late


def _written(derived: OracleDerived, times: set[tuple[str, str]]) -> dict[str, object]:
    """The fields as the engine writes them: times as text."""
    return {
        name: format_time(value) if (derived.rule, name) in times and value is not None else value
        for name, value in derived.fields.items()
    }


def assert_equal(scenario: Scenario) -> None:
    """The engine and the oracle agree on a scenario."""
    note(repr(scenario))
    kept, flushed, late = engine_results(scenario)
    assert (kept, late) == oracle_results(scenario, "keep")
    assert (flushed, late) == oracle_results(scenario, "flush")


@given(scenarios())
def test_in_the_order_of_time(scenario: Scenario) -> None:
    assert_equal(scenario)


@given(scattered_scenarios())
def test_out_of_order_over_partitions(scenario: Scenario) -> None:
    assert_equal(scenario)


@given(scenarios(window_sets()))
def test_windows_in_the_order_of_time(scenario: Scenario) -> None:
    assert_equal(scenario)


@given(scattered_scenarios(window_sets()))
def test_windows_out_of_order_over_partitions(scenario: Scenario) -> None:
    assert_equal(scenario)
