"""Hopping and tumbling windows in panes: the same as the general operators and the oracle derive, wherever it is cut."""

from __future__ import annotations

from typing import Any

from hypothesis import given, note, settings
from hypothesis import strategies as st

from cep.engine import Engine
from cep.plan.plan import Plan
from cep.runtime.feed import Options
from cep.runtime.limits import Limits
from cep.runtime.operators.panes import PaneOperator
from tests.properties.generate_paned_windows import paned_windows
from tests.properties.generate_rules import Scenario
from tests.properties.generate_shared_windows import small
from tests.properties.pairs import assert_equal, by_event, window_examples
from tests.properties.test_determinism import plan_of

TIGHT = Limits(keys=2, evidence=2)


def run(plan: Plan, scenario: Scenario, options: Options, cut: int | None = None) -> Any:
    """What is derived, with what waits after each event; at ``cut`` another engine takes over."""
    engine = Engine(plan, options)
    lines, letters, waiting = [], [], []
    for index, record in enumerate(scenario.events):
        if index == cut:
            letters = engine.take_dead_letters()
            snapshot = engine.snapshot()
            engine = Engine(plan, options)
            engine.restore(snapshot)
        lines += [d.to_json() for d in engine.push(dict(record))]
        waiting.append(engine.pending())
    lines += [d.to_json() for d in engine.flush()]
    assert not any(isinstance(each, PaneOperator) and each._states for each in engine._graph.operators)
    return lines, waiting, by_event([*letters, *engine.take_dead_letters()]), engine.counters.snapshot()


@settings(max_examples=window_examples())
@given(paned_windows(), st.sampled_from([Limits(), Limits(), TIGHT]), st.data())
def test_specialised_equals_general(scenario: Scenario, limits: Limits, data: st.DataObject) -> None:
    note(repr(scenario))
    plan = plan_of(scenario)
    special, general = Options(limits=limits), Options(specialised=False, limits=limits)
    whole = run(plan, scenario, general)
    assert run(plan, scenario, special) == whole
    if limits is not TIGHT:  # what was dropped is not in a snapshot
        cut = data.draw(st.integers(0, len(scenario.events)), label="cut")
        assert run(plan, scenario, special, cut) == whole


@settings(max_examples=window_examples())
@given(paned_windows())
def test_the_engine_equals_the_oracle(scenario: Scenario) -> None:
    assert_equal(small(scenario))
