"""The operator for counts with more keys than it looks at in one search, against the general one."""

import random

import pytest

from cep.engine import Engine
from cep.language.rule_files import load_rules
from cep.plan.planner import plan_rules
from cep.runtime.feed import Options

RULES = "rule r when three A within 5 minutes per k emit R(k, n = count())"


@pytest.mark.parametrize("keys", [500, 4_000])
def test_keys_that_come_back_after_they_expired(keys: int) -> None:
    plan, diagnostics = plan_rules(load_rules(RULES))
    assert plan is not None, diagnostics
    chance = random.Random(keys)
    events = [
        {"type": "A", "time": 1_767_225_600 + second // 3, "k": f"u{chance.randrange(keys)}"}
        for second in range(12_000)
    ]
    counted, general = (Engine(plan, Options(specialised=kind)) for kind in (True, False))
    derived = [[d.to_json() for event in events for d in engine.push(event)] for engine in (counted, general)]
    assert derived[0] == derived[1]
    assert len(derived[0]) > 10


def test_what_has_expired_is_forgotten() -> None:
    plan, _ = plan_rules(load_rules(RULES))
    assert plan is not None
    engine = Engine(plan)
    for second in range(40_000):
        engine.push({"type": "A", "time": 1_767_225_600 + second, "k": str(second)})
    assert len(engine.snapshot()) < 40_000 * 20
