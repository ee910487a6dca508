"""The engine of a test, which has some of the rules, derives what these rules derive among all."""

from __future__ import annotations

import contextlib

from hypothesis import given, note, settings
from hypothesis import strategies as st

from cep.engine import Engine
from cep.event import DeadLetter
from cep.language.rule_files import load_rules
from cep.language.syntax import RuleTest, TimedEvent
from cep.plan.planner import plan_rules
from cep.testing import RuleTests
from cep.testing.suggesting import suggest
from tests.properties.generate_rules import Scenario, either, rule_sets, window_sets


def lettered(dead: list[DeadLetter], rules: set[str]) -> list[tuple[object, ...]]:
    return sorted((d.position, d.code, d.reason, d.rule or "") for d in dead if d.rule is None or d.rule in rules)


@given(either())
def test_some_of_the_rules_derive_what_they_derive_among_all(scenario: Scenario) -> None:
    note(repr(scenario))
    rules = load_rules(scenario.rules)
    plan, _ = plan_rules(rules)
    assert plan is not None
    tests = RuleTests(rules, plan)
    whole = Engine(plan)
    expected = [d for event in scenario.events for d in whole.push(dict(event))] + whole.flush()
    dead, late = whole.take_dead_letters(), whole.take_late()
    types = dict.fromkeys(str(event.get("type")) for event in scenario.events)
    rows = tuple(TimedEvent(kind, (), 0) for kind in types)
    for rule in plan.rules:
        engine = tests.engine_of(RuleTest("it", (rule.name,), rows))
        found = [d for event in scenario.events for d in engine.push(dict(event))] + engine.flush()
        assert [d.to_json() for d in found if d.rule == rule.name] == [
            d.to_json() for d in expected if d.rule == rule.name
        ]
        named = {each.name for each in engine.plan.rules}
        assert lettered(engine.take_dead_letters(), named) == lettered(dead, named)
        assert engine.take_late() == late


@settings(max_examples=20)  # each tries up to some hundred scenarios
@given(st.one_of(rule_sets(), window_sets()))
def test_what_is_suggested_for_any_rule_passes(rules: str) -> None:
    note(rules)
    tests = RuleTests.from_rules(rules)
    found = suggest(tests, tests.plan.rules[0].name)
    assert found.tests or found.reasons
    for test in found.tests:
        result = tests.run_one(test)
        assert result.passed
        assert bool(result.actual) == bool(test.expect)
    with contextlib.suppress(IndexError):
        assert found.tests[0].expect
