"""Limits where a specialised operator holds less than a general one."""

from __future__ import annotations

from cep.engine import Engine
from cep.language.checked import RuleSet
from cep.plan.planner import plan_rules
from cep.runtime.feed import Options
from cep.runtime.limits import Limits
from tests.oracle.rules import load


def derived(rules: RuleSet, specialised: bool, events: int) -> tuple[int, dict[tuple[str, str], int]]:
    plan, _ = plan_rules(rules)
    assert plan is not None
    engine = Engine(plan, Options(limits=Limits(runs_per_key=5), specialised=specialised))
    found = [d for second in range(events) for d in engine.push({"type": "A", "ts": 1_767_225_600 + second})]
    return len(found), dict(engine.counters.limits)


def test_a_plain_count_is_not_bound_by_the_runs_per_key() -> None:
    rules = load("rule r when 7 A within 1 hour emit X(n = count())")
    assert derived(rules, True, 21) == (3, {})


def test_a_general_count_loses_its_oldest_start_and_says_so() -> None:
    rules = load("rule r when 7 A within 1 hour emit X(n = count())")
    found, limits = derived(rules, False, 21)
    assert found == 0
    assert limits == {("r", "runs_per_key"): 16}
