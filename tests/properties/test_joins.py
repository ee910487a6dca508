"""Random joins and look-ups: the engine derives what the oracle does, in any batches, cut anywhere, however it arrives."""

from __future__ import annotations

import json
from collections import Counter
from typing import Literal

import msgspec
from hypothesis import given, note
from hypothesis import strategies as st

from cep.engine import Engine
from cep.event import Batch, DerivedEvent
from cep.runtime.feed import Options
from cep.runtime.limits import Limits
from tests.oracle.engine import run
from tests.oracle.rules import load
from tests.properties.generate_joins import JoinScenario, join_scenarios
from tests.properties.generate_rules import Record, oracle_events
from tests.properties.pairs import written_fields
from tests.properties.test_determinism import plan_of

UNLIMITED = Limits(evidence=1_000_000)
"""The oracle lists all evidence."""

Shown = tuple[str, str, int, str, list[tuple[str, str]]]


def engine_of(scenario: JoinScenario, options: Options | None = None) -> Engine:
    """An engine with the tables, and all that will become of them."""
    engine = Engine(plan_of(scenario), options or Options(limits=UNLIMITED))
    for name, rows in scenario.tables.items():
        engine.set_table(name, rows)
    for at_us, name, rows in scenario.changes:
        engine.set_table(name, rows, at=at_us)
    return engine


def shown(derived: list[DerivedEvent]) -> list[Shown]:
    """As the oracle shows what it derives."""
    names: dict[str, str] = {}
    ordinals: Counter[str] = Counter()
    for each in derived:
        names[each.id] = f"{each.rule}#{ordinals[each.rule]}"
        ordinals[each.rule] += 1
    assert len(names) == len(derived), "two derived events with one id"
    return [
        (
            each.rule,
            each.type,
            each.time_us,
            json.dumps(each.fields),
            [(item.step, names.get(item.id) or item.id.rpartition(":")[2]) for item in each.evidence],
        )
        for each in derived
    ]


def of_oracle(scenario: JoinScenario, end: Literal["keep", "flush"]) -> tuple[list[Shown], int]:
    """What the oracle derives, and how many are pending."""
    rules = load(scenario.rules)
    result = run(rules, oracle_events(scenario), end, scenario.lateness_us, scenario.oracle_tables)
    found = [(e.rule, e.type, e.time_us, json.dumps(written_fields(rules, e)), e.evidence) for e in result.derived]
    return found, len(result.pending)


@given(join_scenarios())
def test_the_engine_derives_what_the_oracle_does(scenario: JoinScenario) -> None:
    note(repr(scenario))
    engine = engine_of(scenario)
    derived = [each for place, event in enumerate(scenario.events) for each in engine.push(dict(event), position=place)]
    derived += engine.finish()
    kept, pending = of_oracle(scenario, "keep")
    assert shown(derived) == kept
    assert sum(engine.pending().values()) == pending
    derived += engine.flush()
    assert shown(derived) == of_oracle(scenario, "flush")[0]


def to_the_end(engine: Engine, derived: list[DerivedEvent]) -> list[bytes]:
    return [each.to_json() for each in [*derived, *engine.finish(), *engine.flush()]]


def one_by_one(engine: Engine, events: list[Record]) -> list[bytes]:
    return to_the_end(engine, [each for event in events for each in engine.push(dict(event))])


@given(join_scenarios(), st.data())
def test_batches_of_lines_equal_single_events(scenario: JoinScenario, data: st.DataObject) -> None:
    note(repr(scenario))
    engine = engine_of(scenario)
    lines = [msgspec.json.encode(dict(event)) for event in scenario.events]
    derived = []
    start = 0
    while start < len(lines):
        size = data.draw(st.integers(1, len(lines) - start), label="batch")
        part = lines[start : start + size]
        decoded = engine.projection.decode_lines(b"\n".join(part) + b"\n")
        if engine.plan.whole:
            for event, line in zip(decoded, part, strict=True):
                event.keep_raw(line)
        derived += engine.push_batch(Batch("push", "", decoded, range(start + 1, start + size + 1), part.__getitem__))
        start += size
    single = engine_of(scenario)
    assert to_the_end(engine, derived) == one_by_one(single, scenario.events)
    assert engine.counters.snapshot() == single.counters.snapshot()


@given(join_scenarios(), st.data())
def test_a_cut_anywhere_changes_nothing(scenario: JoinScenario, data: st.DataObject) -> None:
    note(repr(scenario))
    cut = data.draw(st.integers(0, len(scenario.events)), label="cut")
    first = engine_of(scenario)
    derived = [each for event in scenario.events[:cut] for each in first.push(dict(event))]
    second = Engine(plan_of(scenario), Options(limits=UNLIMITED))
    second.restore(first.snapshot())
    derived += [each for event in scenario.events[cut:] for each in second.push(dict(event))]
    whole = engine_of(scenario)
    assert to_the_end(second, derived) == one_by_one(whole, scenario.events)
    assert second.counters.snapshot() == whole.counters.snapshot()


@given(join_scenarios(), st.data())
def test_any_arrival_within_the_lateness(scenario: JoinScenario, data: st.DataObject) -> None:
    note(repr(scenario))
    numbered = list(enumerate(scenario.events, start=1))
    shuffled = data.draw(st.permutations(numbered), label="arrival")

    def arriving(order: list[tuple[int, Record]]) -> list[bytes]:
        engine = engine_of(scenario, Options(lateness_us=3_600_000_000))
        return to_the_end(engine, [e for place, event in order for e in engine.push(dict(event), position=place)])

    assert arriving(shuffled) == arriving(numbered)


@given(join_scenarios())
def test_specialised_equals_general(scenario: JoinScenario) -> None:
    """Rows that generated code looks up, and the windows behind them, are those of the general operators."""
    note(repr(scenario))
    results = []
    for specialised in (True, False):
        engine = engine_of(scenario, Options(limits=UNLIMITED, specialised=specialised))
        derived = [d for record in scenario.events for d in engine.push(dict(record))]
        results.append(([d.to_json() for d in [*derived, *engine.flush()]], engine.take_dead_letters()))
    assert results[0] == results[1]
