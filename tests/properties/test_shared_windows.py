"""Rules that share a window that slides: the same as each of them by itself, as the general operators and the oracle.

The tests of all windows are in :mod:`tests.properties.test_engine_equals_oracle`.
"""

from __future__ import annotations

from typing import Any

from hypothesis import example, given, note, settings
from hypothesis import strategies as st

from cep.engine import Engine
from cep.plan.plan import Plan
from cep.runtime.feed import Options
from cep.runtime.limits import Limits
from cep.runtime.operators.kept import KeptRule
from tests.properties.generate_rules import Scenario
from tests.properties.generate_shared_windows import shared_windows, small
from tests.properties.pairs import assert_equal, by_event, window_examples
from tests.properties.test_determinism import plan_of

TIGHT = Limits(window_events=3, keys=2, evidence=2)


def everything(engine: Engine, derived: list[Any]) -> Any:
    """All that an engine has to tell."""
    return [d.to_json() for d in derived], engine.take_dead_letters(), engine.counters.snapshot()


def run(plan: Plan, scenario: Scenario, options: Options, cut: int | None = None, then: Options | None = None) -> Any:
    """Push the stream; at ``cut`` another engine with the options ``then`` takes over."""
    engine = Engine(plan, options)
    derived = []
    letters = []
    for index, record in enumerate(scenario.events):
        if index == cut:
            letters = engine.take_dead_letters()
            snapshot = engine.snapshot()
            engine = Engine(plan, then or options)
            engine.restore(snapshot)
        derived += engine.push(dict(record))
    lines, more, counters = everything(engine, [*derived, *engine.flush()])
    return lines, by_event([*letters, *more]), counters


@settings(max_examples=window_examples())
@given(shared_windows(), st.sampled_from([Limits(), Limits(), TIGHT]))
def test_specialised_equals_general(scenario: Scenario, limits: Limits) -> None:
    note(repr(scenario))
    plan = plan_of(scenario)
    general = run(plan, scenario, Options(specialised=False, limits=limits))
    assert run(plan, scenario, Options(limits=limits)) == general


@settings(max_examples=window_examples(0.5))
@given(shared_windows(), st.data())
def test_state_goes_from_one_to_the_other_at_any_event(scenario: Scenario, data: st.DataObject) -> None:
    note(repr(scenario))
    plan = plan_of(scenario)
    cut = data.draw(st.integers(0, len(scenario.events)), label="cut")
    general, special = Options(specialised=False), Options()
    whole = run(plan, scenario, general)
    for before, after in ((special, special), (special, general), (general, special)):
        assert run(plan, scenario, before, cut, after) == whole


@settings(max_examples=window_examples(0.1))
@given(shared_windows())
def test_the_engine_equals_the_oracle(scenario: Scenario) -> None:
    assert_equal(small(scenario))


@settings(max_examples=window_examples(0.1))
@given(shared_windows())
@example(Scenario("rule r from A over last 5s when sum(x) > 1 emit R(n = count())", [{"type": "A", "ts": 1, "x": 2}]))
def test_nothing_is_left_when_the_windows_have_passed(scenario: Scenario) -> None:
    """Once all events have expired for all keys, what is kept is nothing."""
    plan = plan_of(scenario)
    engine = Engine(plan)
    for record in scenario.events:
        engine.push(dict(record))
    kept = [each for each in engine._graph.operators if isinstance(each, KeptRule) and each.kept.length_us is not None]
    for operator in kept:
        operator.expire(2**62)
        assert not operator.kept.states
        assert operator.snapshot(None) == []  # type: ignore[arg-type]
