"""S14: the same rules and events give the same bytes, however they arrive and wherever the engine is cut.

Each test runs a random scenario in two ways that must not differ: general or specialised operators, one event or batches
of decoded lines at a time, in one go or cut by a snapshot, and partitions in any interleaving.
"""

from __future__ import annotations

from typing import Any

import msgspec
from hypothesis import given, note
from hypothesis import strategies as st

from cep.engine import Engine
from cep.event import Batch
from cep.language.rule_files import load_rules
from cep.plan.plan import Plan
from cep.plan.planner import plan_rules
from cep.runtime.feed import Options
from tests.properties.generate_rules import Record, Scenario, either


def plan_of(scenario: Scenario) -> Plan:
    plan, diagnostics = plan_rules(load_rules(scenario.rules))
    assert plan is not None, diagnostics
    return plan


def one_by_one(engine: Engine, events: list[Record]) -> list[bytes]:
    derived = [d for event in events for d in engine.push(dict(event))]
    return [d.to_json() for d in [*derived, *engine.finish(), *engine.flush()]]


def assert_specialised_equals_general(scenario: Scenario) -> None:
    """Operators made for simple rules derive what the general ones do."""
    note(repr(scenario))
    plan = plan_of(scenario)
    general = one_by_one(Engine(plan, Options(specialised=False)), scenario.events)
    assert one_by_one(Engine(plan), scenario.events) == general


@given(either())
def test_specialised_equals_general(scenario: Scenario) -> None:
    assert_specialised_equals_general(scenario)


def assert_batches_equal_single_events(scenario: Scenario, data: st.DataObject) -> None:
    """Batches of decoded lines, of sizes drawn here, give what single events give."""
    note(repr(scenario))
    plan = plan_of(scenario)
    engine = Engine(plan)
    lines = [msgspec.json.encode(dict(event)) for event in scenario.events]
    derived = []
    start = 0
    while start < len(lines):
        size = data.draw(st.integers(1, len(lines) - start), label="batch")
        part = lines[start : start + size]
        decoded = engine.projection.decode_lines(b"\n".join(part) + b"\n")
        if plan.whole:
            for event, line in zip(decoded, part, strict=True):
                event.keep_raw(line)
        batch = Batch("push", "", decoded, range(start + 1, start + size + 1), part.__getitem__)
        derived += engine.push_batch(batch)
        start += size
    out = [d.to_json() for d in [*derived, *engine.finish(), *engine.flush()]]
    single = Engine(plan)
    assert out == one_by_one(single, scenario.events)
    assert engine.counters.snapshot() == single.counters.snapshot()
    assert [each.to_dict() | {"raw": ""} for each in engine.take_late()] == [
        each.to_dict() | {"raw": ""} for each in single.take_late()
    ]


@given(either(), st.data())
def test_batches_of_lines_equal_single_events(scenario: Scenario, data: st.DataObject) -> None:
    assert_batches_equal_single_events(scenario, data)


def assert_a_cut_changes_nothing(scenario: Scenario, cut: int) -> None:
    """A snapshot before the event at this place, restored in a new engine, changes nothing."""
    note(f"{scenario!r}, cut at {cut}")
    plan = plan_of(scenario)
    first = Engine(plan)
    derived = [d for event in scenario.events[:cut] for d in first.push(dict(event))]
    second = Engine(plan)
    second.restore(first.snapshot())
    derived += [d for event in scenario.events[cut:] for d in second.push(dict(event))]
    out = [d.to_json() for d in [*derived, *second.finish(), *second.flush()]]
    whole = Engine(plan)
    assert out == one_by_one(whole, scenario.events)
    assert second.counters.snapshot() == whole.counters.snapshot()


@given(either(), st.data())
def test_a_cut_anywhere_changes_nothing(scenario: Scenario, data: st.DataObject) -> None:
    assert_a_cut_changes_nothing(scenario, data.draw(st.integers(0, len(scenario.events)), label="cut"))


def in_partitions(plan: Plan, scenario: Scenario, owners: list[int], order: list[int]) -> tuple[list[bytes], Any]:
    """Give the events to partitions and push them as ``order`` interleaves those."""
    engine = Engine(plan)
    queues: dict[int, list[Record]] = {0: [], 1: [], 2: []}
    for event, owner in zip(scenario.events, owners, strict=True):
        queues[owner].append(event)
    for owner in queues:
        engine.open("source", str(owner))
    derived = []
    for owner in order:
        if queues[owner]:
            derived += engine.push(dict(queues[owner].pop(0)), source="source", partition=str(owner))
            if not queues[owner]:
                derived += engine.close("source", str(owner))
    for owner, rest in queues.items():
        for event in rest:
            derived += engine.push(dict(event), source="source", partition=str(owner))
    derived += [*engine.finish(), *engine.flush()]
    return [d.to_json() for d in derived], engine.counters.snapshot()


def assert_any_interleaving(scenario: Scenario, data: st.DataObject) -> None:
    """Two interleavings of partitions, drawn here, give the same."""
    note(repr(scenario))
    plan = plan_of(scenario)
    size = len(scenario.events)
    owners = data.draw(st.lists(st.integers(0, 2), min_size=size, max_size=size), label="owners")
    orders = [data.draw(st.lists(st.integers(0, 2), max_size=3 * size), label="order") for _ in range(2)]
    assert in_partitions(plan, scenario, owners, orders[0]) == in_partitions(plan, scenario, owners, orders[1])


@given(either(), st.data())
def test_partitions_in_any_interleaving(scenario: Scenario, data: st.DataObject) -> None:
    assert_any_interleaving(scenario, data)


def assert_any_arrival(scenario: Scenario, data: st.DataObject) -> None:
    """Any order of arrival within the lateness, drawn here, gives what the written order gives."""
    note(repr(scenario))
    plan = plan_of(scenario)
    numbered = list(enumerate(scenario.events, start=1))
    shuffled = data.draw(st.permutations(numbered), label="arrival")

    def run(arrival: list[tuple[int, Record]]) -> list[bytes]:
        engine = Engine(plan, Options(lateness_us=3_600_000_000))
        derived = [d for position, event in arrival for d in engine.push(dict(event), position=position)]
        return [d.to_json() for d in [*derived, *engine.finish(), *engine.flush()]]

    assert run(shuffled) == run(numbered)


@given(either(), st.data())
def test_any_arrival_within_the_lateness(scenario: Scenario, data: st.DataObject) -> None:
    assert_any_arrival(scenario, data)
