"""The operator that moves readings as cohorts, held against the general one on streams long enough to be swept."""

from __future__ import annotations

import random
from typing import Any

import pytest

from cep.engine import Engine
from cep.plan.plan import Plan
from cep.plan.planner import plan_rules
from cep.runtime.feed import Options
from cep.runtime.limits import Limits
from cep.runtime.operators import cohorts
from cep.runtime.operators.shared import SharedOperator
from tests.oracle.rules import load

START = 1_767_225_600
WIDE = Limits(runs_per_key=10**9, runs_per_rule=10**9)

SHARED = [
    "A then B",
    "A then every B then every C",
    "every A+ then B",
    "A then every B+ then C",
    "A then three every B then C",
    "3+ A then B",
    "A+ then B then C",
    "A+ as p then A as q then B",
    "A+? as p then A+ as q then B",
    "A{2,3} then B+ then C",
    "(A then B){2,} then C",
    "A then immediately B then C",
    "A+ then immediately B",
    "A then no C then B",
    "A then no B then every C then D",
    "A then optional B then C",
    "A then optional (B then C) then D",
    "A as p then (B or (C then D)) then A as q",
    "A and B and C",
    "A as p then 2 of (B, C, D) then A as q",
    "A then B+ until C then D",
    "every A{2,4}",
    "A(x > 1) as p then A as q then every A(x > 2) as r then B",
]

GENERAL = [
    "A as a then B(x == a.x)",
    "A then no B for 5s",
    "A then within 3s B",
    "(A then B within 3s) then C",
    "A then no (B then C) then D",
    "A+ until B within 10s",
]


def plan_of(rules: str) -> Plan:
    plan, diagnostics = plan_rules(load(rules))
    assert plan is not None, diagnostics
    return plan


def events(seed: int, count: int, keys: int) -> list[dict[str, Any]]:
    chance = random.Random(seed)
    second = START
    found = []
    for _ in range(count):
        second += chance.choice([0, 0, 1, 1, 2])
        letter = chance.choice("AAABBCD")
        found.append({"type": letter, "ts": second, "k": chance.randrange(keys), "x": chance.randrange(4)})
    return found


def push(engine: Engine, some: list[dict[str, Any]]) -> list[bytes]:
    return [derived.to_json() for event in some for derived in engine.push(dict(event))]


def is_shared(engine: Engine) -> bool:
    return isinstance(engine._graph.operators[0], SharedOperator)


@pytest.mark.parametrize("first_sweep", [0, 64])
@pytest.mark.parametrize("ending", ["", "after match no skip"])
@pytest.mark.parametrize("pattern", SHARED)
def test_it_derives_what_the_general_operator_does(
    pattern: str, ending: str, first_sweep: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cohorts, "_FIRST_SWEEP", first_sweep)
    every = "every" in pattern
    for seed, within in enumerate([4, 7] if every else [4, 12, 40]):
        rules = f"rule r when {pattern} within {within}s per k {ending} emit X(k, n = count(), s = sum(x))"
        plan = plan_of(rules)
        stream = events(seed, 160, keys=2)
        general = push(Engine(plan, Options(specialised=False, limits=WIDE)), stream)
        engine = Engine(plan, Options(limits=WIDE))
        assert is_shared(engine)
        assert push(engine, stream) == general
        assert not engine.counters.limits
        cut = 80
        first, second = (Engine(plan, Options(limits=WIDE)) for _ in range(2))
        derived = push(first, stream[:cut])
        second.restore(first.snapshot())
        assert derived + push(second, stream[cut:]) == general


@pytest.mark.parametrize("pattern", [pattern for pattern in SHARED if "every" not in pattern])
def test_without_within_too(pattern: str) -> None:
    plan = plan_of(f"rule r when {pattern} emit X(n = count())")
    for seed in range(3):
        stream = events(seed, 120, keys=1)
        general = push(Engine(plan, Options(specialised=False, limits=WIDE)), stream)
        assert push(Engine(plan, Options(limits=WIDE)), stream) == general


@pytest.mark.parametrize("pattern", GENERAL)
def test_what_has_ties_or_times_stays_with_the_general_operator(pattern: str) -> None:
    assert not is_shared(Engine(plan_of(f"rule r when {pattern} emit X()")))


@pytest.mark.parametrize("clause", ["after match skip to next event", "having count() > 2"])
def test_other_clauses_stay_with_the_general_operator(clause: str) -> None:
    assert not is_shared(Engine(plan_of(f"rule r when A then B {clause} emit X()")))


def test_the_oldest_start_goes_while_there_are_too_many_readings() -> None:
    """As the general operator counts: each reading is a run."""
    rules = "rule r when A then every B then every C within 1 hour emit X(n = count()) limit 7"
    for seed in range(20):
        stream = events(seed, 40, keys=1)
        found = []
        for specialised in (True, False):
            engine = Engine(plan_of(rules), Options(specialised=specialised))
            push(engine, stream)
            found.append(engine.counters.limits["r", "limit"] > 0)
        assert found[0] == found[1]


def test_the_runs_of_a_start_are_counted_without_being_made() -> None:
    """`every A+` doubles its readings at each event: 1,000 are the readings of the newest starts."""
    engine = Engine(plan_of("rule r when every A+ then B within 30 days emit X(n = count())"))
    push(engine, [{"type": "A", "ts": START + n} for n in range(5_000)])
    derived = engine.push({"type": "B", "ts": START + 5_000})
    assert 500 < len(derived) <= 1_000
    assert all(each.degraded for each in derived)
    assert engine.counters.limits["r", "runs_per_key"] == 5_000 - 9


def test_of_too_many_matches_at_one_event_the_rest_is_not_made() -> None:
    rules = "rule r when A then every B then every C within 1 hour emit X()"
    engine = Engine(plan_of(rules), Options(limits=Limits(matches=10)))
    some = [{"type": kind, "ts": START + n} for n, kind in enumerate("AABBBBBB")]
    push(engine, some)
    derived = engine.push({"type": "C", "ts": START + 10})
    assert len(derived) == 10
    assert all(each.degraded for each in derived)
    assert engine.counters.limits["r", "matches"] == 1


def test_what_is_kept_does_not_grow_with_what_has_expired() -> None:
    for pattern in ("3+ A then B then C", "A then every B then C"):
        limit = "limit 1_000_000_000" if "every" in pattern else ""
        rules = f"rule r when {pattern} within 20s emit X() {limit}"
        sizes = []
        for count in (200, 4_000):
            engine = Engine(plan_of(rules))
            push(
                engine, [{"type": "AAB"[n % 3] if "3+" not in pattern else "A", "ts": START + n} for n in range(count)]
            )
            operator = engine._graph.operators[0]
            assert isinstance(operator, SharedOperator)
            sizes.append(sum(len(state.nodes()) for state in operator.states.values()))
        assert sizes[1] < 2 * sizes[0] + 200
