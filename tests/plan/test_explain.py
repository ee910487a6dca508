"""What ``cep explain`` says of a plan: ``cases/NAME.cep`` with ``cases/NAME.txt``.

``CEP_UPDATE_CASES=1`` writes the texts anew; read them before you keep them.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from cep.language.check import check
from cep.language.parser import parse
from cep.plan.explain import describe, explain
from cep.plan.field_uses import FieldUse, field_uses
from cep.plan.plan import Plan
from cep.plan.planner import plan_rules

CASES = Path(__file__).parent / "cases"


def plan_of(text: str) -> Plan:
    rules, found = check([parse(text)])
    assert rules is not None, found
    plan, refused = plan_rules(rules)
    assert plan is not None, refused
    return plan


@pytest.mark.parametrize("case", sorted(CASES.glob("*.cep")), ids=lambda path: path.stem)
def test_the_text(case: Path) -> None:
    plan = plan_of(case.read_text("utf-8"))
    told = "\n\n".join(explain(plan, rule) for rule in plan.rules) + "\n"
    golden = case.with_suffix(".txt")
    if os.environ.get("CEP_UPDATE_CASES") == "1":
        golden.write_text(told, "utf-8")
    assert told == golden.read_text("utf-8")
    assert max(map(len, told.splitlines())) <= 110
    assert all(line == line.rstrip() for line in told.splitlines())


def test_every_text_has_its_rules() -> None:
    assert {path.stem for path in CASES.glob("*.cep")} == {path.stem for path in CASES.glob("*.txt")}


def test_plain_data() -> None:
    import json

    for case in CASES.glob("*.cep"):
        plan = plan_of(case.read_text("utf-8"))
        for rule in plan.rules:
            told = describe(plan, rule)
            assert json.loads(json.dumps(told)) == told


@pytest.mark.parametrize(
    ("rules", "uses"),
    [
        ("rule r when A as a then B as b within 1h emit R(x = a.x, y = b.y)", {"A x", "B y"}),
        ("rule r when A as a then B(z > a.x) within 1h emit R(x = a.x)", {"A x", "B z"}),
        ("rule r when A then B within 1h emit R(xs = distinct(x))", {"A B x"}),
        ("rule r when 2+ A as a then B as b within 1h emit R(xs = distinct(a.x))", {"A x"}),
        ("rule r when A then no B(z == 1) for 1h per k emit R(k)", {"A k", "B k", "B z"}),
        ("rule r when A then B within 1h per k = (A.m, B.n.o) emit R(k)", {"A m", "B n"}),
        ("rule r from A over last 1h when sum(x where y == 1) > 3 per k emit R(k)", {"A k", "A x", "A y"}),
        ("rule r when A as a then B as b within 1h emit R(v = speed_kmh(a, b))", {"A lat", "A lon", "B lat", "B lon"}),
    ],
)
def test_which_fields_are_read_from_which_type(rules: str, uses: set[str]) -> None:
    plan = plan_of(rules)
    found = field_uses(plan, plan.rules[0])
    assert found == {FieldUse(frozenset(use.split()[:-1]), use.split()[-1]) for use in uses}
