"""Rules that read one key are called together, and only those with runs of it: nothing of it may show."""

from __future__ import annotations

import random
from typing import Any

import pytest

import cep
from cep.errors import DataError
from cep.runtime.operators import keyed

START = 1_767_225_600

RULES = [
    "rule r0 when A(x > 1) as a then B per k within 9s emit X0(k)",
    "rule r1 when A as a then B(x > a.x) per k within 9s emit X1(k)",
    "rule r2 when three A per k within 9s emit X2(k)",
    "rule r3 when A then no B for 3s per k emit X3(k)",
    "rule r4 when B then C per j within 9s emit X4(j)",
    "rule r5 when A as a then C(x / a.x > 1) per k within 9s emit X5(k)",
    "rule r6 when C(x > 1) then A per k within 9s emit X6(k)",
    "rule r7 when X0 then A per k within 9s emit X7(k)",
    "rule r8 when any(x > 2) as p then B as q per k? within 9s emit X8(x = q.x)",
    "rule r9 when any(x > 2) as p then B as q per k? within 9s emit X9(x = q.x)",
]


def events(seed: int) -> list[dict[str, Any]]:
    chance = random.Random(seed)
    second = START
    found = []
    for _ in range(120):
        second += chance.choice([0, 1, 1])
        event = {"type": chance.choice("AABC"), "ts": second, "x": chance.randrange(4), "j": chance.randrange(2)}
        if chance.random() < 0.9:
            event["k"] = chance.randrange(3)
        found.append(event)
    return found


def counted(engine: cep.Engine) -> tuple[object, ...]:
    return engine.counters.null_keys, engine.counters.dead_letters, engine.counters.derived


@pytest.mark.parametrize("seed", range(5))
def test_together_they_derive_what_they_do_alone(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    together = cep.Engine.from_rules("\n".join(RULES))
    found = [d.to_json() for event in events(seed) for d in together.push(dict(event))]
    monkeypatch.setattr(keyed.Member, "__init__", _alone(keyed.Member.__init__))
    alone = cep.Engine.from_rules("\n".join(RULES))
    assert found == [d.to_json() for event in events(seed) for d in alone.push(dict(event))]
    assert counted(together) == counted(alone)
    assert together.counters.null_keys["r3"] > 0
    assert together.counters.dead_letters > 0
    assert all(together.counters.derived[f"r{number}"] for number in range(10))


def _alone(made: Any) -> Any:
    def make(member: keyed.Member, *rest: Any) -> None:
        made(member, *rest)
        member.take, member.key_paths = None, member.operator

    return make


def test_a_restored_state_is_seen() -> None:
    before, after = (cep.Engine.from_rules("\n".join(RULES)) for _ in range(2))
    stream = events(9)
    for event in stream[:60]:
        before.push(dict(event))
    after.restore(before.snapshot())
    rest = [[d.to_json() for event in stream[60:] for d in engine.push(dict(event))] for engine in (before, after)]
    assert rest[0] == rest[1] != []


def test_what_was_derived_before_a_failure_that_ends_the_run_is_kept() -> None:
    rules = "rule r0 when A then B per k emit X(k)\nrule r1 when A as a then B(x / a.x > 1) per k emit Y(k)"
    engine = cep.Engine.from_rules(rules, on_error="stop")
    engine.push({"type": "A", "ts": START, "k": 1, "x": 0})
    with pytest.raises(DataError) as caught:
        engine.push({"type": "B", "ts": START, "k": 1, "x": 1})
    assert [d.type for d in caught.value.derived] == ["X"]
