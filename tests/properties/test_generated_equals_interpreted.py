"""The same operators under generated code and under a naive interpreter: the same derived events, byte for byte."""

from __future__ import annotations

from hypothesis import given, note

from cep.engine import Engine
from cep.errors import RuleError
from cep.language.rule_files import load_rules
from cep.plan.planner import plan_rules
from tests.properties.generate_rules import Scenario, either
from tests.properties.interpreted import InterpretedFunctions


def lines(engine: Engine, scenario: Scenario) -> list[bytes]:
    derived = [d for event in scenario.events for d in engine.push(dict(event))]
    return [d.to_json() for d in [*derived, *engine.flush()]]


def assert_generated_equals_interpreted(scenario: Scenario) -> None:
    """Both derive the same."""
    note(repr(scenario))
    plan, diagnostics = plan_rules(load_rules(scenario.rules))
    if plan is None:
        raise RuleError(diagnostics)
    generated, interpreted = Engine(plan), Engine(plan, compiler=InterpretedFunctions)
    assert lines(generated, scenario) == lines(interpreted, scenario)
    assert generated.take_dead_letters() == interpreted.take_dead_letters()


@given(either())
def test_generated_equals_interpreted(scenario: Scenario) -> None:
    assert_generated_equals_interpreted(scenario)
