"""The operator for a loop and the one event after it, held against the one for cohorts and the general one."""

from __future__ import annotations

import random
from typing import Any

import pytest

from cep.engine import Engine
from cep.plan.loop_then_step import is_loop_then_step
from cep.plan.plan import PatternPlan, Plan
from cep.plan.planner import plan_rules
from cep.runtime import graph
from cep.runtime.feed import Options
from cep.runtime.limits import Limits
from cep.runtime.operators.loop_then_step import LoopThenStepOperator
from tests.oracle.rules import load

START = 1_767_225_600

TAKEN = [
    "3+ A then B",
    "A+ then B",
    "some A then B(x == 2)",
    '2+ A(k == "a") as p then A(k == "b") as q',
    '2+ A(k == "a" and x > 1) as p then A(k == "b" and x > 1) as q',
]
OTHERS = [
    "A{2,4} then B",
    "3 A then B",
    "A then B",
    "A+? then B",
    "A* as p then B",
    "every A+ then B",
    "A+ as p then A as q",
    '2+ A(k == "a") as p then A(k != "b") as q',
    "A+ then immediately B",
    "A+ until C then B",
    "A+ then no C then B",
    "A+ then B then C",
    "A+ then B+",
    "A+ then within 3s B",
    "any(x == 1)+ as p then B",
]


def plan_of(pattern: str, clauses: str = "within 20s per u") -> Plan:
    plan, diagnostics = plan_rules(load(f"rule r when {pattern} {clauses} emit R(n = count(), since = first.x)"))
    assert plan is not None, diagnostics
    return plan


def taken(plan: Plan) -> bool:
    pattern = plan.rules[0].operator
    assert isinstance(pattern, PatternPlan)
    return is_loop_then_step(pattern, plan.types)


def events(seed: int, count: int, keys: int) -> list[dict[str, Any]]:
    chance = random.Random(seed)
    now, made = START, []
    for _ in range(count):
        now += chance.choice([0, 0, 1, 1, 2, 9])
        kind = chance.choice("AAABC")
        made.append(
            {"type": kind, "time": now, "k": chance.choice("ab"), "x": chance.randrange(4), "u": chance.randrange(keys)}
        )
    return made


def derived(plan: Plan, stream: list[dict[str, Any]], specialised: bool, limits: Limits | None = None) -> list[bytes]:
    engine = Engine(plan, Options(specialised=specialised, limits=limits or Limits()))
    found: list[bytes] = []
    for number, event in enumerate(stream):
        found += [d.to_json() for d in engine.push(event)]
        if number == len(stream) // 2:
            snapshot = engine.snapshot()
            engine = Engine(plan, Options(specialised=specialised, limits=limits or Limits()))
            engine.restore(snapshot)
    return [*found, str(engine.counters.snapshot()).encode()]


@pytest.mark.parametrize("pattern", TAKEN)
@pytest.mark.parametrize(
    "clauses", ["within 20s per u", "per u", "within 4s", "within 20s per u after match skip past last event"]
)
def test_it_gives_what_the_general_operator_gives(pattern: str, clauses: str) -> None:
    plan = plan_of(pattern, clauses)
    assert taken(plan)
    assert isinstance(Engine(plan)._graph.operators[0], LoopThenStepOperator)
    for seed in range(8):
        stream = events(seed, 300, 3)
        assert derived(plan, stream, True) == derived(plan, stream, False)


@pytest.mark.parametrize("runs", [1, 2, 4, 7])
def test_under_the_limit_on_readings(monkeypatch: pytest.MonkeyPatch, runs: int) -> None:
    plan = plan_of("2+ A then B", "within 60s per u")
    limits = Limits(runs_per_key=runs)
    results = [derived(plan, events(seed, 300, 2), True, limits) for seed in range(6)]
    monkeypatch.setattr(graph, "is_loop_then_step", lambda *_: False)
    assert results == [derived(plan, events(seed, 300, 2), True, limits) for seed in range(6)]


def test_the_limit_on_keys_drops_the_one_that_began_first() -> None:
    plan = plan_of("2+ A then B", "within 600s per u")
    engine = Engine(plan, Options(limits=Limits(keys=2)))
    for second, user in enumerate(["x", "y", "x", "y", "z"]):
        engine.push({"type": "A", "time": START + second, "u": user, "x": 1})
    assert engine.counters.limits["r", "keys"] == 1
    [of_y] = engine.push({"type": "B", "time": START + 9, "u": "y"})
    assert of_y.degraded
    assert engine.push({"type": "B", "time": START + 9, "u": "x"}) == []


@pytest.mark.parametrize("pattern", OTHERS)
def test_other_patterns_are_not_taken(pattern: str) -> None:
    assert not taken(plan_of(pattern))


@pytest.mark.parametrize(
    "clauses", ["per u after match no skip", "within 9s per u having count() > 3", "within 9s per u limit 3"]
)
def test_other_clauses_are_not_taken(clauses: str) -> None:
    pattern = "every A+ then B" if "limit" in clauses else "2+ A then B"
    assert not taken(plan_of(pattern, clauses))


def test_a_loop_that_may_be_full_goes_the_general_way() -> None:
    engine = Engine(plan_of("2+ A then B"), Options(limits=Limits(loop_events=5, runs_per_key=5)))
    assert not isinstance(engine._graph.operators[0], LoopThenStepOperator)
