"""Random rules and streams: the watched engine derives what the engine derives, and the answers never contradict it.

For each pair: every derived event can be explained, with its evidence and with conditions that are all true; a rule is
said to have fired exactly when it did, per key; and there is a reason where it did not although events came.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from typing import Any

from hypothesis import event, given, note, settings

from cep.engine import Engine
from cep.event import DerivedEvent
from cep.plan.plan import Plan
from cep.runtime.feed import Options
from cep.why import Explained, WhyMatch, WhyNot
from tests.properties.generate_joins import JoinScenario, join_scenarios
from tests.properties.generate_patterns import pattern_pairs
from tests.properties.generate_rules import Scenario, scattered, scenarios, window_sets
from tests.properties.pairs import pattern_examples
from tests.properties.test_determinism import plan_of

SOME = settings(max_examples=pattern_examples(0.4))


def push(engine: Engine, scenario: Scenario | JoinScenario) -> list[DerivedEvent]:
    """The stream, to its end; nothing is flushed."""
    if isinstance(scenario, JoinScenario):
        for name, rows in scenario.tables.items():
            engine.set_table(name, rows)
        for at_us, name, rows in scenario.changes:
            engine.set_table(name, rows, at=at_us)
    partitions = getattr(scenario, "partitions", [])
    for name in sorted(set(partitions)):
        engine.open("push", name)
    derived: list[DerivedEvent] = []
    for index, record in enumerate(scenario.events):
        partition = partitions[index] if partitions else ""
        derived += engine.push(dict(record), partition=partition, position=index)
    return derived


def options_of(scenario: Scenario | JoinScenario) -> Options:
    return Options(lateness_us=getattr(scenario, "lateness_us", 0))


def assert_answers_agree(scenario: Scenario | JoinScenario) -> None:
    note(repr(scenario))
    plan, options = plan_of(scenario), options_of(scenario)
    plain = Engine(plan, options)
    kept = [*push(plain, scenario), *plain.finish()]
    flushed = plain.flush()
    event("fired" if kept else "did not fire")
    _assert_explained(scenario, plan, options, [*kept, *flushed])
    for rule in plan.rules:
        asked = WhyNot(plan, rule.name, options=options)
        watched = [*push(asked.engine, scenario), *asked.engine.finish()]
        mine = [d for d in kept if d.rule == rule.name]
        assert [d.to_json() for d in watched if d.rule == rule.name] == [d.to_json() for d in mine]
        report = asked.report(limit=1_000_000)
        assert Counter(e.id for e in report.fired) == Counter(d.id for d in mine)
        assert report.did_fire == bool(mine)
        assert report.lines()
        json.loads(report.to_json())
        for reason in report.reasons:
            assert reason.text
            assert "unknown" not in reason.code
        if not mine and scenario.events:
            assert report.reasons, "it did not fire, and nothing is said"
        _assert_keys(scenario, plan, options, rule.name, mine)


def _assert_explained(
    scenario: Scenario | JoinScenario, plan: Plan, options: Options, derived: list[DerivedEvent]
) -> None:
    asked = WhyMatch(plan, options)
    push(asked.engine, scenario)
    report = asked.report([d.id for d in derived])
    assert [match.id for match in report.matches] == [d.id for d in derived]
    for match, each in zip(report.matches, derived, strict=True):
        assert [(e.step, e.id) for e in match.events[-100:]] == [(e.step, e.id) for e in each.evidence]
        _assert_true(match)
    if derived:
        assert report.lines()
        json.loads(report.to_json())


def _assert_true(match: Explained) -> None:
    shown = [condition for each in match.events for condition in each.conditions]
    shown += [condition for _, conditions in match.conditions for condition in conditions]
    for condition in shown:
        assert condition.verdict is True, condition
    for cause in match.causes:
        _assert_true(cause)


def _assert_keys(
    scenario: Scenario | JoinScenario, plan: Plan, options: Options, rule: str, mine: list[DerivedEvent]
) -> None:
    """Asked for one key after the other: fired as often as it did for this key."""
    keys: list[dict[str, Any]] = []
    for each in mine:
        if each.key and each.key not in keys and all(value is not None for value in each.key.values()):
            keys.append(each.key)
    for key in keys[:2]:
        asked = WhyNot(plan, rule, key, options=options)
        push(asked.engine, scenario)
        same = [d for d in mine if _same(d.key, key)]
        assert {e.id for e in asked.report(limit=1_000_000).fired} == {d.id for d in same}


def _same(one: dict[str, Any], other: dict[str, Any]) -> bool:
    return all(one[n] == v and isinstance(one[n], bool) == isinstance(v, bool) for n, v in other.items())


@SOME
@given(pattern_pairs())
def test_patterns(pair: Scenario) -> None:
    assert_answers_agree(pair)


@SOME
@given(scattered(pattern_pairs()))
def test_patterns_out_of_order_over_partitions(pair: Scenario) -> None:
    assert_answers_agree(pair)


@SOME
@given(scenarios())
def test_simpler_rules_that_read_each_other(pair: Scenario) -> None:
    assert_answers_agree(pair)


@SOME
@given(scenarios(window_sets()))
def test_windows(pair: Scenario) -> None:
    assert_answers_agree(pair)


@SOME
@given(join_scenarios())
def test_joins(pair: JoinScenario) -> None:
    assert_answers_agree(pair)


@settings(max_examples=pattern_examples(0.1))
@given(pattern_pairs())
def test_any_time(pair: Scenario) -> None:
    """Asked for the time of each event: said to have fired exactly when something was derived at that time."""
    plan = plan_of(pair)
    engine = Engine(plan)
    derived = [*push(engine, pair), *engine.finish()]
    times = sorted({each.time_us for each in derived})[:3]
    for at_us in times:
        for rule in plan.rules:
            asked = WhyNot(plan, rule.name, at_us=at_us, options=replace(options_of(pair)))
            push(asked.engine, pair)
            mine = {d.id for d in derived if d.rule == rule.name and d.time_us == at_us}
            assert {e.id for e in asked.report(limit=1_000_000).fired} == mine
