"""The normal form: what rules become when they check."""

from __future__ import annotations

from cep.language.checked import (
    Absence,
    Aggregate,
    Alternative,
    Binary,
    Bounded,
    Candidate,
    CheckedRule,
    CheckedWindow,
    Choice,
    Conjunct,
    Consecutive,
    Constant,
    EdgeEvent,
    EmitField,
    EventValue,
    Expectation,
    Expression,
    Field,
    IsNull,
    KeyValue,
    Link,
    Loop,
    PreviousEvent,
    RuleSet,
    Sequence,
    SomeOf,
    Step,
    StepEvent,
    StepEventAt,
    StepValues,
    Until,
    WindowBound,
)
from cep.language.rule_files import check_rules, load_rules
from cep.types import ANY, BOOL, DURATION, FLOAT, INT, STRING, TIMESTAMP, Type, list_of

MINUTE = 60_000_000


def rule_set(text: str) -> RuleSet:
    rules, found = check_rules(f"{text}\n")
    assert [d for d in found if d.severity == "error"] == []
    assert rules is not None
    return rules


def rule(text: str, before: str = "") -> CheckedRule:
    return rule_set(f"{before}\nrule r {text}").rules[-1]


def pattern(text: str, before: str = "") -> object:
    return rule(f"when {text} within 1 hour", before).pattern


def step(name: str, event: str | None = None, condition: Expression | None = None, label: str | None = None) -> Step:
    event = event or name.upper()
    return Step(name, label or event, (Alternative(event, condition),))


def equals(name: str, value: str, kind: Type = ANY, result: Type = BOOL) -> Binary:
    return Binary("==", Field(Candidate(), name, kind), Constant(value, STRING), result)


A, B, C = step("a"), step("b"), step("c")


# ---- section 1 of the language ----

LOGIN = """
event Login { user: string, outcome: string in ["success", "failure"], ip: string?, country: string?, at: timestamp } time at
define failed login as Login(outcome == "failure")
define successful login as Login(outcome == "success")
"""
FAILED = equals("outcome", "failure", STRING)


def test_brute_force() -> None:
    checked = rule(
        "when three failed logins within 5 minutes per user"
        " emit BruteForce(user, attempts = count(), since = first.at, ips = distinct(ip)) severity high tags ['x']",
        LOGIN,
    )
    assert checked.pattern == Loop(step("failed_login", "Login", FAILED, "failed login"), 3, 3)
    assert checked.within_us == 5 * MINUTE
    assert [(key.name, key.path, key.type) for key in checked.keys] == [("user", ("user",), STRING)]
    assert checked.emit.type == "BruteForce"
    assert checked.emit.fields == (
        EmitField("user", KeyValue("user", STRING)),
        EmitField("attempts", Aggregate("count", type=INT)),
        EmitField("since", Field(EdgeEvent("first"), "at", TIMESTAMP)),
        EmitField(
            "ips", Aggregate("distinct", Field(Candidate(), "ip", Type("string", None, True)), type=list_of(STRING))
        ),
    )
    assert checked.after_match is not None
    assert (checked.after_match.strategy, checked.severity, checked.tags) == ("past_last", "high", ("x",))
    assert checked.reads == ("Login",)


def test_account_takeover() -> None:
    checked = rule(
        "when 3+ failed logins as fails then successful login as ok where ok.ip not in fails.ip within 10 minutes"
        " per user emit AccountTakeover(user, failures = count(fails), from_ip = ok.ip, c = distinct(fails.country))",
        LOGIN,
    )
    ok = step("ok", "Login", equals("outcome", "success", STRING), "ok")
    assert checked.pattern == Sequence(Loop(step("fails", "Login", FAILED, "fails"), 3, None), (Link(ok),))
    optional = Type("string", None, True)
    not_in = Binary(
        "not in",
        Field(StepEvent("ok"), "ip", optional),
        StepValues("fails", "ip", list_of(optional)),
        Type("bool", None, True),
    )
    assert checked.where == (Conjunct(not_in, frozenset({"fails", "ok"}), "ok"),)
    assert checked.emit.fields[1].value == Aggregate("count", step="fails", type=INT)
    assert checked.emit.fields[2].value == Field(StepEvent("ok"), "ip", optional)
    countries = checked.emit.fields[3].value
    assert countries == Aggregate(
        "distinct", Field(Candidate(), "country", optional), None, "fails", type=list_of(STRING)
    )


def test_unpaid_order() -> None:
    checked = rule("when OrderPlaced as o then no PaymentReceived for 30 minutes per order_id")
    absence = Absence(step("payment_received", "PaymentReceived"), 30 * MINUTE)
    assert checked.pattern == Sequence(step("o", "OrderPlaced", None, "o"), (Link(absence),))
    assert (checked.emit.type, checked.emit.fields) == ("R", (EmitField("order_id", KeyValue("order_id")),))
    assert checked.reads == ("OrderPlaced", "PaymentReceived")


def test_card_velocity() -> None:
    checked = rule(
        'from Payment(status == "approved") per card over last 10 minutes when sum(amount) > 5_000 and count() >= 3'
    )
    assert checked.input == step("payment", "Payment", equals("status", "approved"))
    assert checked.window == CheckedWindow("last_time", 10 * MINUTE)
    assert checked.firing.kind == "rising"
    total = Aggregate("sum", Field(Candidate(), "amount"), type=ANY)
    assert isinstance(checked.when, Binary)
    assert checked.when.left == Binary(">", total, Constant(5000, INT), BOOL)


def test_rules_read_what_others_emit() -> None:
    rules = rule_set(
        "rule second when First(n > 1) as f emit Second(n = f.n)\nrule first when Odd(x == 1) emit First(n = 3)"
    )
    assert [r.name for r in rules.rules] == ["second", "first"]
    assert rules.rules[0].emit.fields[0].value == Field(StepEvent("f"), "n", INT)


# ---- patterns ----


def test_counts() -> None:
    assert pattern("three A") == pattern("exactly 3 A") == pattern("A{3}") == Loop(A, 3, 3)
    assert pattern("3+ A") == pattern("at least 3 A") == pattern("3 or more A") == pattern("A{3,}") == Loop(A, 3, None)
    assert pattern("2 to 5 A") == pattern("A{2,5}") == Loop(A, 2, 5)
    assert pattern("A+?") == Loop(A, 1, None, greedy=False)
    assert pattern("three consecutive A") == Loop(A, 3, 3, mode="consecutive")
    assert pattern("three every A") == Loop(A, 3, 3, mode="every")


def test_what_vanishes() -> None:
    assert pattern("A{1,1}") == pattern("one A") == pattern("(A)") == pattern("((A))") == A
    assert pattern("consecutive A") == pattern("all of (A)") == pattern("1 of (A)") == A
    assert pattern("(A) then ((B))") == Sequence(A, (Link(B),))


def test_links() -> None:
    assert pattern("A then immediately B then every C") == Sequence(A, (Link(B, "strict"), Link(C, "every")))
    assert pattern("A then every B+") == Sequence(A, (Link(Loop(B, 1, None, mode="every")),))
    assert pattern("A then within 30s B then after 1m C") == Sequence(
        A, (Link(B, maximum_us=30_000_000), Link(C, minimum_us=MINUTE))
    )
    assert pattern("A then between 1 and 5 minutes B") == Sequence(
        A, (Link(B, minimum_us=MINUTE, maximum_us=5 * MINUTE),)
    )


def test_members() -> None:
    assert pattern("A or B") == Choice((A, B))
    assert pattern("A and B") == pattern("all of (A, B)") == pattern("2 of (A, B)") == SomeOf(2, (A, B))
    assert pattern("2 of (A, B, C)") == SomeOf(2, (A, B, C))


def test_a_named_choice_of_events_is_one_step() -> None:
    either = Step("x", "x", (Alternative("A"), Alternative("B")))
    assert pattern("(A or B) as x") == either
    assert pattern("three (A or B) as x") == Loop(either, 3, 3)


def test_groups() -> None:
    assert pattern("consecutive (A then some B)") == Consecutive(Sequence(A, (Link(Loop(B, 1, None)),)))
    assert pattern("(A then B){2}") == Loop(Sequence(A, (Link(B),)), 2, 2)
    assert pattern("(three A within 5 minutes) then B") == Sequence(Bounded(Loop(A, 3, 3), 5 * MINUTE), (Link(B),))
    assert pattern("A+ as x until B") == Until(Loop(step("x", "A", None, "x"), 1, None), B)


def test_absence() -> None:
    assert pattern("A then no B then C") == Sequence(A, (Link(Absence(B)), Link(C)))
    assert pattern("A then no (B or C)") == Sequence(A, (Link(Absence(Choice((B, C)))),))
    again = step("a_2", "A")
    assert pattern("3+ A then no A for 1 minute") == Sequence(Loop(A, 3, None), (Link(Absence(again, MINUTE)),))


def test_expectation() -> None:
    tables = 'table hosts from "h.csv" key host'
    checked = rule("when expect Heartbeat from hosts for 60 seconds per host", tables)
    assert checked.pattern == Expectation(step("heartbeat", "Heartbeat"), "hosts", MINUTE)


def test_any_event_reads_source_events() -> None:
    checked = rule("when any(x == 3) as e")
    condition = Binary("==", Field(Candidate(), "x"), Constant(3, INT), BOOL)
    assert checked.pattern == Step("e", "e", (Alternative(None, condition),))
    assert checked.reads == (None,)


def test_names() -> None:
    names = {
        "OrderPlaced": "order_placed",
        "MFAPassed": "mfa_passed",
        "`source.ip`": "source_ip",
        "order_placed": "order_placed",
    }
    for event, name in names.items():
        found = pattern(event)
        assert isinstance(found, Step)
        assert found.name == name


# ---- definitions ----

PAYMENTS = """
define big payment(limit, currency = "EUR") as Payment(amount > limit and money == currency)
define huge payment as big payment(9_000)
define trouble as huge payment or Refund(late == true)
"""


def test_definitions_expand_with_their_arguments() -> None:
    amount = Binary(">", Field(Candidate(), "amount"), Constant(500, INT), BOOL)
    money = equals("money", "USD")
    found = pattern('big payment(500, currency = "USD")(merchant == "x")', PAYMENTS)
    condition = Binary("and", Binary("and", amount, money, BOOL), equals("merchant", "x"), BOOL)
    assert found == step("big_payment", "Payment", condition, "big payment")


def test_definitions_build_on_definitions() -> None:
    found = pattern("some troubles", PAYMENTS)
    assert isinstance(found, Loop)
    assert isinstance(found.element, Step)
    assert (found.element.name, found.element.label) == ("trouble", "trouble")
    assert [a.type for a in found.element.alternatives] == ["Payment", "Refund"]


def test_an_argument_may_read_an_earlier_step() -> None:
    found = pattern("A as a then big payment(a.limit) as p", PAYMENTS)
    assert isinstance(found, Sequence)
    condition = found.links[0].element.alternatives[0].condition  # type: ignore[union-attr]
    assert isinstance(condition, Binary)
    assert condition.left == Binary(">", Field(Candidate(), "amount"), Field(StepEvent("a"), "limit"), BOOL)


def test_what_a_definition_holds_is_placed_at_its_use() -> None:
    checked = rule("when huge payment within 1 hour", PAYMENTS)
    assert isinstance(checked.pattern, Step)
    condition = checked.pattern.alternatives[0].condition
    assert condition is not None
    assert condition.span.line == checked.pattern.span.line == 6


def test_plurals() -> None:
    words = """
        define retry as Retry
        define failed access as Access(ok == false)
        define box as Box
        define status as Status
        define things as Thing(many == true)
        define thing as Thing
    """
    for phrase, label in {
        "retries": "retry",
        "failed accesses": "failed access",
        "failed_accesses": "failed access",
        "boxes": "box",
        "status": "status",
        "things": "things",
        "thing": "thing",
        "Accesses": "Access",
        "Things": "Thing",
    }.items():
        found = pattern(f"three {phrase}", words)
        assert isinstance(found, Loop), phrase
        assert isinstance(found.element, Step), phrase
        assert found.element.label == label, phrase


# ---- names in conditions ----


def condition_of(text: str, position: int = -1, before: str = "") -> Expression:
    found = pattern(text, before)
    while not isinstance(found, Step):
        assert isinstance(found, Loop | Sequence)
        found = found.element if isinstance(found, Loop) else found.links[position].element
    condition = found.alternatives[0].condition
    assert condition is not None
    return condition


def left(text: str, before: str = "") -> Expression:
    condition = condition_of(text, before=before)
    assert isinstance(condition, Binary)
    return condition.left


def test_events_before_a_dot() -> None:
    assert left("A as a then B(a.x == 1)") == Field(StepEvent("a"), "x")
    assert left("some A as a then B(first(a).x == 1)") == Field(StepEvent("a", "first"), "x")
    assert left("some A as a then B(last(a).x == 1)") == Field(StepEvent("a", "last"), "x")
    assert left("some A as a then B(a[-1].x == 1)") == Field(StepEventAt("a", Constant(-1, INT)), "x")
    assert left("some A as a then B(a.x == [1])") == StepValues("a", "x", list_of(ANY))
    assert left("A as a then B(prev.x == 1)") == Field(PreviousEvent(), "x")
    assert left("A as a then B(this.x == 1)") == Field(Candidate(), "x")
    assert left("A as a then B(first.x == 1)") == Field(EdgeEvent("first"), "x")
    assert left('A as a then B(a["x"] == 1)') == Field(StepEvent("a"), "x")


def test_optional_steps_may_be_null() -> None:
    declared = "event A { x: int }"
    assert left("optional A as a then B(a.x == 1)", declared).type == Type("int", None, True)
    assert left("A as a then B(a.x == 1)", declared).type == INT
    assert left("A(prev.x == 1)", declared).type == Type("int", None, True)


def test_a_loop_sees_its_own_earlier_events() -> None:
    assert left("three A(last(up).x == 1) as up") == Field(StepEvent("up", "last"), "x")
    assert left("three A(up.x == [1]) as up") == StepValues("up", "x", list_of(ANY))


def test_inside_a_repeated_group_a_step_is_that_of_the_turn() -> None:
    found = pattern("(A as a then B(a.x == y) as b){2}")
    assert isinstance(found, Loop)
    condition = found.element.links[0].element.alternatives[0].condition  # type: ignore[union-attr]
    assert condition.left == Field(StepEvent("a", "last"), "x")  # type: ignore[union-attr]


def test_precedence() -> None:
    before = "let limit = 3\nlet a = 4"
    assert left("A as a then B(limit == 1)", before) == Constant(3, INT)
    assert left("A as a then B(a.x == 1)", before) == Field(StepEvent("a"), "x")
    checked = rule("when A as user then B within 1 hour per user emit X(user, y = user.x)")
    assert checked.emit.fields[0].value == KeyValue("user")
    assert checked.emit.fields[1].value == Field(StepEvent("user"), "x")


def test_bare_names_of_the_only_step() -> None:
    assert rule("when A emit X(y)").emit.fields[0].value == Field(StepEvent("a"), "y")
    assert rule("when three A within 1 hour emit X(y)").emit.fields[0].value == Field(StepEvent("a", "last"), "y")
    checked = rule("when A then no B for 5 minutes emit X(y)")
    assert checked.emit.fields[0].value == Field(StepEvent("a"), "y")


def test_null_is_tested_by_comparison_too() -> None:
    x = Field(Candidate(), "x")
    assert condition_of("A(x == null)") == IsNull(x)
    assert condition_of("A(null != x)") == IsNull(x, negated=True)


def test_conjuncts() -> None:
    checked = rule(
        "when A as a then some B as b then C as c where (a.x == 1 and a.y in b.y) and c.z == k and count() > 2"
        " within 1 hour per k"
    )
    assert [(set(c.steps), c.last) for c in checked.where] == [
        ({"a"}, "a"), ({"a", "b"}, "b"), ({"c"}, "c"), ({"a", "b", "c"}, "c"),
    ]  # fmt: skip
    assert rule("when A as a where k == 1 per k").where[0].last is None


def test_aggregates_over_a_match() -> None:
    checked = rule(
        "when some A as a then B as b within 1 hour having sum(a.x * 2) > 1 and sum(x where y == 1) > 1"
        " and count(a.x > 3) > 1 and count(a where x > 3) > 1 and max(x - b.x) > 1"
    )
    found = []
    node = checked.having
    while isinstance(node, Binary) and node.operator == "and":
        found.append(node.right.left)  # type: ignore[union-attr]
        node = node.left
    found.append(node.left)  # type: ignore[union-attr]
    x, three = Field(Candidate(), "x"), Constant(3, INT)
    largest, counted, counted_too, filtered, doubled = found
    assert doubled == Aggregate("sum", Binary("*", x, Constant(2, INT), ANY), step="a")
    assert filtered == Aggregate("sum", x, Binary("==", Field(Candidate(), "y"), Constant(1, INT), BOOL))
    assert counted == counted_too == Aggregate("count", None, Binary(">", x, three, BOOL), "a", type=INT)
    assert largest == Aggregate("max", Binary("-", x, Field(StepEvent("b"), "x"), ANY))


# ---- windows ----


def test_names_in_windows() -> None:
    checked = rule(
        "from A as a per k over last 5 minutes when a.x > prev.x"
        " emit X(k, x, this.y, first.z, w = window.start, n = count(a.x > 1), t = time(this))"
    )
    assert checked.when == Binary(">", Field(Candidate(), "x"), Field(PreviousEvent(), "x"), BOOL)
    assert [field.value for field in checked.emit.fields] == [
        KeyValue("k"),
        Field(Candidate(), "x"),
        Field(Candidate(), "y"),
        Field(EdgeEvent("first"), "z"),
        WindowBound("start"),
        Aggregate("count", None, Binary(">", Field(Candidate(), "x"), Constant(1, INT), BOOL), type=INT),
        checked.emit.fields[6].value,
    ]
    assert checked.emit.fields[6].value.arguments == (EventValue(Candidate()),)  # type: ignore[union-attr]


def test_joined_inputs_are_steps() -> None:
    checked = rule("from A as a left join B as b on a.id == b.id within 5 minutes emit X(a.id, b.total)")
    [join] = checked.joins
    assert join.on == Binary("==", Field(StepEvent("a"), "id"), Field(StepEvent("b"), "id"), BOOL)
    assert (join.left, join.within_us) == (True, 5 * MINUTE)  # type: ignore[union-attr]
    assert checked.reads == ("A", "B")


def test_aggregates_with_windows_of_their_own() -> None:
    checked = rule("from A when avg(x over last 5 events) crosses above avg(x over last 20 events)")
    assert isinstance(checked.when, Binary)
    assert checked.when.operator == "crosses above"
    assert checked.when.left == Aggregate("avg", Field(Candidate(), "x"), over=CheckedWindow("last_count", count=5))


# ---- types ----


def test_types_of_arithmetic() -> None:
    declared = "event A { n: int, f: float, d: decimal, s: string, t: timestamp, w: duration, o: int? }"
    for text, kind in {
        "n + 1": INT,
        "n / 2": FLOAT,
        "n + f": FLOAT,
        "n + d": Type("decimal"),
        "d / n": Type("decimal"),
        "d * f": FLOAT,
        "n ** 2": INT,
        "2 ** n": FLOAT,
        "s + s": STRING,
        "t - t": DURATION,
        "t + w": TIMESTAMP,
        "w * 2": DURATION,
        "w / w": FLOAT,
        "o + 1": Type("int", None, True),
        "o ?? 1": INT,
        "if n > 1 then n else f": FLOAT,
        "if n > 1 then s else null": Type("string", None, True),
        "lower(s)": STRING,
        "[n, f]": list_of(FLOAT),
        "n + odd.x": ANY,
    }.items():
        if "odd" in text:
            continue
        assert rule(f"when A emit X(v = {text})", declared).emit.fields[0].value.type == kind, text


def test_a_type_that_several_rules_emit() -> None:
    rules = rule_set(
        """
        rule one when A emit Alert(n = 3, s = "x")
        rule two when B emit Alert(n = 2.5)
        rule three when Alert as a emit X(a.n, a.s)
        """
    )
    assert [field.value.type for field in rules.rules[2].emit.fields] == [FLOAT, Type("string", None, True)]


def test_emitting_everything_leaves_the_type_open() -> None:
    rules = rule_set("rule one when A emit Copy(*, n = 3)\nrule two when Copy(whatever == 1) emit Two")
    assert rules.rules[0].emit.star


def test_text_or_path(tmp_path: object) -> None:
    from pathlib import Path

    folder = Path(str(tmp_path))
    (folder / "b.cep").write_text("rule second when failed login", "utf-8")
    (folder / "a.cep").write_text("define failed login as Login(ok == false)\nrule first when failed login", "utf-8")
    assert [r.name for r in load_rules(folder).rules] == ["first", "second"]
    assert [r.name for r in load_rules([folder / "a.cep"]).rules] == ["first"]
    assert [r.name for r in load_rules("rule only when A").rules] == ["only"]
