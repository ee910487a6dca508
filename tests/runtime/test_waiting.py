"""The operator for loops that wait for their end, held against the general one."""

from __future__ import annotations

import pytest

from cep.engine import Engine
from cep.runtime.feed import Options
from cep.runtime.limits import Limits
from cep.runtime.operators import cohorts
from cep.runtime.operators.waiting import WaitingOperator
from tests.runtime.test_shared import WIDE, events, plan_of, push

TOGETHER = [
    "A+ then no A for 1s",
    "3+ A then no B for 2s",
    "A then B+ then no C for 2s",
    "A+ as p then B+ as q then no A for 2s",
    "A+ then immediately B+ then no C for 1s",
    "A{2,} as p then A+ as q then no C for 2s",
    "A then no C then B+ then no C for 2s",
    "A then optional B then C+ then no (A or B) for 1s",
    "B and A then C+ then no A for 2s",
    "A+? then no B for 2s",
    "A+ then no B then no C for 2s",
    "A(x > 1)+ then no A(x < 2) for 2s",
]

NOT_TOGETHER = [
    "A then no B for 2s",
    "A{1,3} then no B for 2s",
    "every A+ then no B for 2s",
    "A+ then no B within 5s",
    "A+ then no B for 1s within 5s",
    "A+ as p then no B(x == 1 and x > first(p).x) for 1s",
    "A+ then no (B then C) for 2s",
    "A+ then no B for 1s then no C for 1s",
    "(A+ or B) then no C for 1s",
    "(A then B+){2,} then no C for 1s",
]


def operator_of(engine: Engine) -> object:
    return engine._graph.operators[0]


@pytest.mark.parametrize("first_sweep", [0, 64])
@pytest.mark.parametrize("ending", ["", "after match no skip"])
@pytest.mark.parametrize("pattern", TOGETHER)
def test_it_derives_what_the_general_operator_does(
    pattern: str, ending: str, first_sweep: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cohorts, "_FIRST_SWEEP", first_sweep)
    plan = plan_of(f"rule r when {pattern} per k {ending} emit X(k, n = count(), s = sum(x))")
    for seed in range(4):
        stream = events(seed, 140, keys=2)
        general = Engine(plan, Options(specialised=False, limits=WIDE))
        engine, first, second = (Engine(plan, Options(limits=WIDE)) for _ in range(3))
        assert isinstance(operator_of(engine), WaitingOperator)
        expected = push(general, stream)
        assert push(engine, stream) == expected
        assert expected
        assert engine.pending() == general.pending()
        derived = push(first, stream[:70])
        second.restore(first.snapshot())
        assert derived + push(second, stream[70:]) == expected
        assert second.pending() == general.pending()
        flushed = [d.to_json() for d in general.flush()]
        assert [d.to_json() for d in engine.flush()] == flushed
        assert [d.to_json() for d in second.flush()] == flushed


@pytest.mark.parametrize("pattern", NOT_TOGETHER)
def test_what_ends_at_different_times_stays_with_the_general_operator(pattern: str) -> None:
    assert not isinstance(operator_of(Engine(plan_of(f"rule r when {pattern} emit X()"))), WaitingOperator)


def test_what_follows_from_a_match_comes_before_the_next_match_of_that_time() -> None:
    rules = """
        rule r when A+ as p then no B for 2s per k after match no skip emit X(k, n = count())
        rule s when X per k emit Y(k, n = 1)
    """
    plan = plan_of(rules)
    stream = [{"type": "A", "ts": 1_767_225_600, "k": k, "x": 0} for k in (2, 1, 2, 1)]
    found = []
    for specialised in (True, False):
        engine = Engine(plan, Options(specialised=specialised, limits=WIDE))
        push(engine, stream)
        found.append([(d.type, d.fields["k"], d.fields["n"]) for d in engine.flush()])
    assert found[0] == found[1]
    assert [kind for kind, _, _ in found[0]] == ["X", "Y"] * 4


def test_the_limits_hold() -> None:
    plan = plan_of("rule r when A+ then no B for 2s per k emit X(k, n = count())")
    engine = Engine(plan, Options(limits=Limits(runs_per_key=3)))
    push(engine, [{"type": "A", "ts": 1_767_225_600 + n, "k": 1} for n in range(5)])
    assert engine.counters.limits == {("r", "runs_per_key"): 2}
    assert [(d.fields["n"], d.degraded) for d in engine.flush()] == [(3, True)]
    engine = Engine(plan, Options(limits=Limits(runs_per_rule=2)))
    push(engine, [{"type": "A", "ts": 1_767_225_600, "k": k} for k in range(4)])
    assert engine.counters.limits == {("r", "runs_per_rule"): 2}
    assert [d.fields["k"] for d in engine.flush()] == [2, 3]
