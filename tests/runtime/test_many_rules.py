"""Many rules on one event type: their conditions are one generated function."""

from __future__ import annotations

import cep
from tests.specification.scenario import batch

RULES = "\n".join(f"rule r{n} when Login(n == {n}) emit Seen{n}(n)" for n in range(1_500))


def test_a_type_with_more_conditions_than_python_nests_calls() -> None:
    engine = cep.Engine.from_rules(RULES)
    rows = [{"type": "Login", "time": f"2026-01-01T00:00:0{n}Z", "n": n * 700} for n in range(3)]
    assert [d.type for row in rows for d in engine.push(row)] == ["Seen0", "Seen700", "Seen1400"]


def test_and_read_in_batches() -> None:
    engine = cep.Engine.from_rules(RULES)
    rows = [{"type": "Login", "time": f"2026-01-01T00:00:0{n}Z", "n": n * 700} for n in range(3)]
    assert [d.type for d in engine.push_batch(batch(engine, rows, 1))] == ["Seen0", "Seen700", "Seen1400"]
