"""Near misses made by hand: the reason that comes first is the true one.

Each case is a rule, a stream in the notation of :mod:`tests.specification.scenario`, and the code of the first reason
with words that its text must hold. That the rule did not fire (at the time asked for) is checked as well.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest

from cep.plan.compiling import compile_rules
from cep.runtime.feed import Options
from cep.runtime.limits import Limits
from cep.why import CODES, Report, why_not
from tests.specification.scenario import ZERO_US, records

FAILURES = """
    define failed login as Login(outcome == "failure")
    rule r when three failed logins within 5 minutes per user emit BruteForce(user)
"""
TAKEOVER = """
    rule r when 3+ Login(outcome == "failure") as fails then Login(outcome == "success") as ok
    where ok.ip not in fails.ip within 10 minutes per user emit X(user)
"""
UNPAID = "rule r when OrderPlaced as o then no PaymentReceived for 30 minutes per id emit Unpaid(id)"
SPENT = """
    rule r from Payment(status == "ok") per card over last 10 minutes when sum(amount) > 100 and count() >= 3
    emit X(card)
"""
EXPECTED = """
    table hosts from "hosts.csv" key host
    rule r when expect Heartbeat from hosts for 60 seconds per host emit Silent(host)
"""
JOIN = "rule r from Order as a join Payment as b on a.id == b.order within 5 minutes emit X(id = a.id)"


@dataclass(frozen=True)
class Case:
    """``at`` is a second of the scenario."""

    name: str
    rules: str
    events: str
    code: str
    words: tuple[str, ...] = ()
    key: dict[str, Any] = field(default_factory=dict)
    at: int | None = None
    options: Options | None = None
    tables: dict[str, Any] | None = None


F = "outcome=failure"
CASES = [
    # ---- nothing came ----
    Case("no events", FAILURES, "", "no_event", key={"user": "ann"}),
    Case(
        "another spelling of the type", FAILURES, f"LogIn@0 user=ann {F}", "no_event_of_type",
        ("`Login`", "`LogIn` is written almost like"), {"user": "ann"},
    ),
    Case(
        "another spelling of the key", FAILURES, f"Login@0 user=Ann {F} Login@1 user=bob {F}", "no_event_of_key",
        ('user = "Ann"',), {"user": "ann"},
    ),
    Case("key null", FAILURES, f"Login@0 {F} Login@1 {F}", "key_null", ("`user`",), {"user": "ann"}),
    Case(
        "disabled", "rule r when A disabled emit X(n = 1) rule s when A emit Y(n = 1)", "a", "disabled", ("disabled",),
    ),
    Case(
        "what it reads was never emitted",
        "rule first when A(x > 5) per k emit Hot(k, x) rule r when Hot then B per k emit X(k)",
        "a k=1 x=3 b k=1", "no_event_of_type", ("`Hot`", "`first` emits `Hot`"), {"k": 1},
    ),
    # ---- counts and sequences ----
    Case(
        "the third comes a second too late", FAILURES,
        f"Login@0 user=ann {F} Login@60 user=ann {F} Login@301 user=ann {F}", "within",
        ("1 second after the end of `within 5 minutes`",), {"user": "ann"},
    ),
    Case(
        "two of three", FAILURES, f"Login@0 user=ann {F} Login@60 user=ann {F} Login@900 user=bob {F}", "missing",
        ("the third `failed login` of three", "within 5 minutes"), {"user": "ann"},
    ),
    Case(
        "two of three, and time goes on", FAILURES, f"Login@0 user=ann {F} Login@60 user=ann {F}", "waiting",
        ("the third `failed login`", "has come to"), {"user": "ann"},
    ),
    Case(
        "the condition of the first step never held", "rule r when A(x > 5 and y == 1) then B per k emit X(k)",
        "a k=1 x=1 y=0 a k=1 x=4 y=1 a k=1 x=2 y=0 b k=1", "condition", ("`x > 5` is false", "s:2"), {"k": 1},
    ),
    Case(
        "a null in the condition is unknown", "rule r when A(x > 5) per k emit X(k)", "a k=1", "condition",
        ("`x > 5` is unknown",), {"k": 1},
    ),
    Case(
        "the second step's condition", "rule r when A then B(x > 5) per k emit X(k)", "a k=1 b k=1 x=5", "condition",
        ("`B`", "`x > 5` is false"), {"k": 1},
    ),
    Case(
        "the second step never came", "rule r when A then B per k emit X(k)", "a k=1 b k=2", "waiting",
        ("`B` has not come",), {"k": 1},
    ),
    Case(
        "the second step's type has another name", "rule r when Order then Payment per k emit X(k)",
        "Order@0 k=1 Paymnt@2 k=1", "no_event_of_type", ("`Payment`", "`Paymnt` is written almost like"), {"k": 1},
    ),
    Case("the other order", "rule r when A then B per k emit X(k)", "b k=1 a k=1", "waiting", ("`B`",), {"k": 1}),
    Case(
        "a condition across steps", TAKEOVER,
        "".join(f" Login@{n} user=ann {F} ip=1" for n in range(3)) + " Login@9 user=ann outcome=success ip=1", "where",
        ("`ok.ip not in fails.ip` is false",), {"user": "ann"},
    ),
    Case(
        "the last step after within", TAKEOVER,
        "".join(f" Login@{n} user=ann {F} ip=1" for n in range(3)) + " Login@601 user=ann outcome=success ip=2",
        "within", ("`ok`", "1 second after"), {"user": "ann"},
    ),
    Case(
        "a tie in the step", "rule r when A as a then B(x == a.x) per k emit X(k)", "a k=1 x=1 b k=1 x=2", "where",
        ("`x == a.x` is false",), {"k": 1},
    ),
    Case(
        "having", "rule r when A as a then B as b per k having a.x + b.x > 10 emit X(k)", "a k=1 x=4 b k=1 x=5",
        "having", ("`a.x + b.x > 10` is false",), {"k": 1},
    ),
    Case(
        "a bound on the step", "rule r when A then within 30 seconds B per k emit X(k)", "a@0 k=1 b@31 k=1",
        "step_bound", ("1 second after",), {"k": 1},
    ),
    Case(
        "a bound on a part", "rule r when (three A within 10 seconds) then B per k emit X(k)",
        "a@0 k=1 a@5 k=1 a@12 k=1 b@13 k=1", "step_bound", ("2 seconds after",), {"k": 1},
    ),
    Case(
        "too early", "rule r when A then after 1 minute B per k emit X(k)", "a@0 k=1 b@59 k=1", "too_early",
        ("too early",), {"k": 1},
    ),
    Case(
        "a no in between", "rule r when A then no C then B per k emit X(k)", "a k=1 c k=1 b k=1", "absence",
        ("s:2", "no `C`"), {"k": 1},
    ),
    Case(
        "before an absence was over", "rule r when A then no C for 1 minute then B per k emit X(k)",
        "a@0 k=1 b@30 k=1", "too_early", ("before the absence was over",), {"k": 1},
    ),
    Case(
        "not the very next event", "rule r when A then immediately B then C per k emit X(k)", "a k=1 c k=1 b k=1 c k=1",
        "contiguity", ("s:2", "very next"), {"k": 1},
    ),
    Case(
        "until came first", "rule r when three A until S then B per k emit X(k)", "a k=1 a k=1 s k=1 b k=1", "until",
        ("s:3",), {"k": 1},
    ),
    # ---- absences ----
    Case(
        "the payment came", UNPAID, "OrderPlaced@0 id=7 PaymentReceived@1800 id=7 OrderPlaced@9000 id=8", "absence",
        ("s:2", "no `PaymentReceived`"), {"id": 7},
    ),
    Case(
        "the deadline is not over", UNPAID, "OrderPlaced@0 id=7 OrderPlaced@1800 id=8", "pending",
        ("2026-01-01T00:30:00Z", "only to"), {"id": 7},
    ),
    Case(
        "silence that was broken", "rule r when no Heartbeat for 60 seconds per host emit Silent(host)",
        "Heartbeat@0 host=a Heartbeat@60 host=a Heartbeat@90 host=b", "pending", ("2026-01-01T00:02:00Z",),
        {"host": "a"},
    ),
    Case(
        "a closing no under within", "rule r when A then no B within 30 seconds per k emit X(k)",
        "a@0 k=1 b@30 k=1 a@99 k=2", "absence", ("s:2",), {"k": 1},
    ),
    Case(
        "expected, and never seen yet", EXPECTED, "Heartbeat@0 host=a Heartbeat@50 host=a", "pending",
        ("2026-01-01T00:01:00Z",), {"host": "b"}, tables={"hosts": [{"host": "a"}, {"host": "b"}]},
    ),
    Case(
        "not among the expected", EXPECTED, "Heartbeat@0 host=a Heartbeat@90 host=a", "no_event_of_key",
        ('host = "a"',), {"host": "c"}, tables={"hosts": [{"host": "a"}, {"host": "b"}]},
    ),
    Case(
        "a group that had to stay away", "rule r when A then no (B then C) then D per k emit X(k)",
        "a k=1 b k=1 c k=1 d k=1", "absence", ("s:3", "no `B then C`"), {"k": 1},
    ),
    Case(
        "one of two in any order", "rule r when A and B within 10 seconds per k emit X(k)", "b@0 k=1 a@11 k=1",
        "within", ("1 second",), {"k": 1},
    ),
    Case(
        "a division by zero", "rule r when A(x / y > 2) per k emit X(k)", "a k=1 x=4 y=0", "condition",
        ("`x / y > 2` failed: division by zero",), {"k": 1},
    ),
    # ---- what selects among runs ----
    Case(
        "used by the match before", FAILURES, "".join(f" Login@{n} user=ann {F}" for n in range(5)), "skip",
        ("were used by the match c1.",), {"user": "ann"}, at=3,
    ),
    Case(
        "at most", FAILURES.replace("emit", "at most 1 every 1 hour emit"),
        "".join(f" Login@{n} user=ann {F}" for n in range(6)), "at_most",
        ("at most 1 every 1 hour", "is possible from 2026-01-01T01:00:02Z"), {"user": "ann"}, at=5,
    ),
    Case(
        "a limit", "rule r when A as a then B as b where b.x == a.x per k emit X(k)",
        "a k=1 x=1 a k=1 x=2 a k=1 x=3 b k=1 x=1", "limit", ("`runs_per_key`",), {"k": 1},
        options=Options(limits=Limits(runs_per_key=2)),
    ),
    # ---- events that were not used ----
    Case(
        "late", FAILURES, f"Login@0 user=ann {F} Login@60 user=ann {F} Login@30 user=ann {F}", "late",
        ("30 seconds behind the watermark",), {"user": "ann"},
    ),
    Case(
        "the only one was late", "rule r when A per k emit X(k)", "a@9 k=2 a@5 k=1", "late", ("4 seconds behind",),
        {"k": 1},
    ),
    Case(
        "a dead letter", "event A { k: int, x: int } rule r when A as a then A(x > 3) as b per k emit X(k)",
        "a k=1 x=1 a k=1 x=five", "dead_letter", ("CEP6", "dead letter"), {"k": 1},
    ),
    Case(
        "the key of the second is null", "rule r when A then B per k emit X(k)", "a k=1 b", "key_null",
        ("`k` is null",), {"k": 1},
    ),
    # ---- windows ----
    Case(
        "a sum that is too small", SPENT, "Payment card=1 status=ok amount=50 Payment card=1 status=ok amount=20 "
        "Payment card=1 status=ok amount=29", "condition", ("`sum(amount) > 100` was false",), {"card": 1},
    ),
    Case(
        "true since before", SPENT, "".join(" Payment card=1 status=ok amount=60" for _ in range(4)), "rising",
        ("had been true since 2026-01-01T00:00:02Z",), {"card": 1}, at=3,
    ),
    Case(
        "the input's condition", SPENT, "Payment card=1 status=refused amount=500", "condition",
        ("did not enter the window", '`status == "ok"` is false'), {"card": 1},
    ),
    Case(
        "a window that is not full", "rule r from A per k over last 3 events when sum(x) > 5 emit X(k)",
        "a k=1 x=9 a k=1 x=9", "window_not_full", ("2 of 3",), {"k": 1},
    ),
    Case(
        "a window by count that is not full", "rule r from A per k over every 3 events when sum(x) > 5 emit X(k)",
        "a k=1 x=9 a k=1 x=9 a k=1 x=0 a k=2 x=9 a k=2 x=9", "window_not_full", ("2 of 3",), {"k": 2},
    ),
    Case(
        "only what resets the window came",
        "rule r from Paymnt per k over since Order when count() >= 1 emit X(k)", "Order@0 k=1 Payment@1 k=1",
        "no_event_of_type", ("`Paymnt`", "`Payment` is written almost like"), {"k": 1},
    ),
    Case(
        "between two windows", "rule r from A per k over 1 second every 3 seconds when count() >= 1 emit X(k)",
        "a@1 k=1", "no_window", ("s:1",), {"k": 1},
    ),
    Case(
        "compared with the event before", "rule r from A per k where prev.x is null or x > prev.x when y > 5 emit X(k)",
        "a k=1 x=2 y=1 a k=1 x=1 y=9", "where", ("`x > prev.x` is false",), {"k": 1},
    ),
    Case(
        "at most holds a window back", "rule r from A per k when x > 5 every time at most 1 every 1 minute emit X(k)",
        "a k=1 x=9 a k=1 x=9", "at_most", ("`at most 1 every 1 minute`",), {"k": 1}, at=1,
    ),
    Case(
        "every third", "rule r from A per k when x > 5 every 3 emit X(k)", "a k=1 x=9 a k=1 x=9", "every_count",
        ("for the 2. time", "at the 3."), {"k": 1},
    ),
    Case(
        "while true, too soon", "rule r from A per k when x > 5 while true every 1 minute emit X(k)",
        "a@0 k=1 x=9 a@30 k=1 x=9", "pace", ("from 2026-01-01T00:01:00Z on",), {"k": 1}, at=30,
    ),
    Case(
        "a window that is open", "rule r from A per k over every 1 minute when count() >= 2 emit X(k)",
        "a@0 k=1 a@30 k=1", "pending", ("closes at 2026-01-01T00:01:00Z",), {"k": 1},
    ),
    Case(
        "having over a window", "rule r from A per k over last 1 hour when count() >= 1 having max(x) > 5 emit X(k)",
        "a k=1 x=2", "having", ("`max(x) > 5` was false",), {"k": 1},
    ),
    # ---- joins ----
    Case("one side never came", JOIN, "Order@0 id=7 Order@1 id=8", "no_partner", ("`b`",)),
    Case(
        "other values", JOIN, "Order@0 id=7 Payment@5 order=8", "no_partner", ("`a.id == b.order` was not true",),
    ),
    Case(
        "too far apart", JOIN, "Order@0 id=7 Payment@301 order=7", "no_partner", ("5m1s apart",),
    ),
]  # fmt: skip


def answer(case: Case) -> Report:
    compiled = compile_rules(case.rules)
    assert compiled.plan is not None, compiled.diagnostics
    at = None if case.at is None else ZERO_US + case.at * 1_000_000
    return why_not(
        compiled.plan, records(case.events), "r", case.key, at=at, options=case.options, tables=case.tables, source="s"
    )


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_true_reason_comes_first(case: Case) -> None:
    report = answer(case)
    assert not report.did_fire
    first = report.reasons[0]
    told = "\n".join([first.text, *first.notes])
    assert first.code == case.code, str(report)
    assert [word for word in case.words if word not in told] == [], told


def test_there_are_enough_of_them() -> None:
    """Each code that a stream alone can bring about is among them."""
    assert len(CASES) >= 30
    assert {case.code for case in CASES} == set(CODES) - {"failed", "unknown"}
