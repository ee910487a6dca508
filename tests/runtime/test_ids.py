"""Ids where input events share one: an ordinal tells apart what is derived from them (S8)."""

from __future__ import annotations

import cep

RULES = """
event A { nr: int, k: int, at: timestamp } time at id nr
rule r when A emit X(k)
"""


def test_equal_ids_at_one_time_give_different_derived_ids() -> None:
    def run(cut: int) -> list[bytes]:
        engine = cep.Engine.from_rules(RULES)
        out = []
        for k in range(4):
            if k == cut:
                after = cep.Engine.from_rules(RULES)
                after.restore(engine.snapshot())
                engine = after
            out += engine.push({"type": "A", "nr": 7, "k": k, "at": "2026-01-01T00:00:00Z"})
        assert len({d.id for d in out}) == 4
        return [d.to_json() for d in out]

    assert run(9) == run(2) == run(0)


def test_what_a_rule_emits_is_read_back_with_its_types() -> None:
    rules = """
    rule a when A as a emit X(k, at = time(a))
    rule b when X as x emit Z(at = x.at + 5s)
    """
    together = cep.Engine.from_rules(rules)
    x, z = together.push({"type": "A", "k": 1, "time": "2026-01-01T00:00:00Z"})
    alone = cep.Engine.from_rules(rules)
    [again] = alone.push(x.to_dict())
    assert again.fields == z.fields == {"at": "2026-01-01T00:00:05Z"}
    assert again.id == z.id


def test_a_derived_record_without_time_is_timed_as_any_other() -> None:
    engine = cep.Engine.from_rules("rule r when X emit Y(k)")
    [derived] = engine.push({"type": "X", "k": 4, "cep": {"id": "z"}, "ts": "2026-01-01T00:00:05Z"})
    assert derived.time == "2026-01-01T00:00:05Z"
    assert derived.evidence[0].id == "z"
