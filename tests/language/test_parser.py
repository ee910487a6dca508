"""The language by example: every form of the reference parses to the tree that it stands for."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cep.diagnostics import Span
from cep.language import syntax
from cep.language.parser import parse, parse_expression, parse_fragment, parse_pattern
from cep.language.printer import print_expression, print_file, print_pattern
from cep.language.syntax import (
    Absence,
    And,
    AnyEvent,
    Argument,
    Binary,
    Consecutive,
    EventPhrase,
    Every,
    Expectation,
    Group,
    Link,
    Literal,
    Name,
    Named,
    Or,
    Repeat,
    Sequence,
    SomeOf,
    StepBound,
    Until,
    Window,
)
from tests.language import trees

FILE = """
# Comments run to the end of the line.
event Login {                       # a schema; optional
  user:    string
  outcome: string in ["success", "failure"]
  ip:      string?                  # ? = may be missing or null
  tags: list<string>, extra: map<any>?
  at:      timestamp
} time at id txn

define failed login     as Login(outcome == "failure")
define successful login as Login(outcome == "success")
define sign in(least = 1, most) as Login(n between least and most) or Logon

let grace = 10 minutes              # a constant

table hosts from "hosts.csv" key host, site

rule brute_force
  "Three failed logins within 5 minutes."
  when three failed logins within 5 minutes per user
  emit BruteForce(user, attempts = count(), since = first.at, ips = distinct(ip))
  severity high
  tags ["attack.t1110"]

rule account_takeover
  when 3+ failed logins as fails
       then successful login as ok
  where ok.ip not in fails.ip
  within grace
  per user
  emit AccountTakeover(user, failures = count(fails), from_ip = ok.ip, countries = distinct(fails.country))

rule card_velocity
  from Payment(status == "approved")
  per card
  over last 10 minutes
  when sum(amount) > 5_000 and count() >= 3
  emit CardVelocity(card, spent = sum(amount), n = count(), largest = max(amount))
  at most 1 every 1 hour

test "the third failure raises one alert" for brute_force
  given
    0s    Login(user = "ann", outcome = "failure")
    3x every 10s Login(user = "ann")
    2m 3x every 1s Login
    then at 10m
  given from "2026-02-03T00:00:00Z"
  given table hosts (host = "a", site = 1) (host = "b")
  expect
    299s  BruteForce(user = "ann", attempts = 3)
test "silence" expect nothing
"""


def declaration(text: str) -> Any:
    parsed = parse(text)
    assert parsed.diagnostics == ()
    (node,) = parsed.tree.declarations
    return node


def pattern(text: str) -> Any:
    parsed = parse_pattern(text)
    assert parsed.diagnostics == (), parsed.diagnostics
    assert parsed.value[1] is None
    return parsed.value[0]


def expression(text: str) -> Any:
    parsed = parse_expression(text)
    assert parsed.diagnostics == (), parsed.diagnostics
    return parsed.value


def seconds(number: float) -> Literal:
    return Literal(int(number * 1_000_000), "duration")


A, B, C = (EventPhrase((name,)) for name in "ABC")
MINUTE = seconds(60)


def test_a_whole_file() -> None:
    parsed = parse(FILE)
    assert parsed.diagnostics == ()
    assert [type(d).__name__ for d in parsed.tree.declarations] == [
        "EventDeclaration",
        *["Definition"] * 3,
        "Constant",
        "Table",
        *["Rule"] * 3,
        *["RuleTest"] * 2,
    ]
    assert parse(print_file(parsed.tree)).tree == parsed.tree


def test_a_rule_in_any_order() -> None:
    clauses = [
        "when A as a then B as b",
        "where a.x == b.x",
        "within 5 minutes",
        "per user",
        "having count() > 2",
        "after match skip to last a",
        "emit X(user)",
        "on timeout emit Y(user)",
        "limit 50",
        'to alerts, "out.jsonl"',
        "at most 3 every 1 hour",
        "severity high",
        'tags ["a", "b"]',
        'meta owner = "me"',
        "disabled",
    ]
    first = declaration("rule r\n" + "\n".join(clauses))
    assert first == declaration("rule r\n" + "\n".join(reversed(clauses)))
    assert first.limit == 50
    assert first.to == ("alerts", "out.jsonl")
    assert first.after_match == syntax.AfterMatch("to_last", "a")
    assert set(first.clause_spans) == {
        "when", "where", "within", "per", "having", "after match", "emit", "on timeout", "limit", "to", "at most",
        "severity", "tags", "meta", "disabled",
    }  # fmt: skip


def test_per_after_at_most_belongs_to_it_in_the_same_line_only() -> None:
    own = declaration("rule r when A emit X at most 1 every 1 hour per user")
    assert own.at_most.per[0].name == "user"
    assert own.per == ()
    rules = declaration("rule r when A emit X at most 1 every 1 hour\n  per user")
    assert rules.at_most.per == ()
    assert rules.per[0].name == "user"


@pytest.mark.parametrize(
    ("text", "strategy", "step"),
    [
        ("skip past last event", "past_last", None),
        ("skip to next event", "to_next", None),
        ("skip to first a", "to_first", "a"),
        ("skip to last a", "to_last", "a"),
        ("no skip", "no_skip", None),
    ],
)
def test_skip_strategies(text: str, strategy: Any, step: str | None) -> None:
    assert declaration(f"rule r when A+ as a after match {text}").after_match == syntax.AfterMatch(strategy, step)


def test_keys() -> None:
    rule = declaration(
        'rule r when A per user?, ip = source.ip, card = (Payment.card_no, Login.card)?, a.b["c d"][0].e'
    )
    assert rule.per == (
        syntax.Key("user", (syntax.Path(("user",)),), optional=True),
        syntax.Key("ip", (syntax.Path(("source", "ip")),)),
        syntax.Key(
            "card", (syntax.Path(("Payment", "card_no")), syntax.Path(("Login", "card"))), by_type=True, optional=True
        ),
        syntax.Key("e", (syntax.Path(("a", "b", "c d", 0, "e")),)),
    )


PATTERNS = [
    ("Login", EventPhrase(("Login",))),
    ("failed login", EventPhrase(("failed", "login"))),
    ("A(x == 1)", EventPhrase(("A",), ((Argument(Binary("==", Name("x"), Literal(1, "int"))),),))),
    ("big payment(500)(x)", EventPhrase(("big", "payment"), ((Argument(Literal(500, "int")),), (Argument(Name("x")),)))),
    ("any(x)", AnyEvent(Name("x"))),
    ("any()", AnyEvent()),
    ("A as a", Named(A, "a")),
    ("A then B", Sequence(A, (Link(B),))),
    ("A then B then C", Sequence(A, (Link(B), Link(C)))),
    ("A then immediately B", Sequence(A, (Link(B, immediately=True),))),
    ("A then every B", Sequence(A, (Link(Every(B)),))),
    *[(text, Repeat(A, 3, 3)) for text in ("three A", "3 A", "exactly 3 A", "A{3}", "exactly three A")],
    *[(text, Repeat(A, 3, None)) for text in ("3+ A", "3 or more A", "at least 3 A", "A{3,}", "three or more A")],
    *[(text, Repeat(A, 2, 5)) for text in ("2 to 5 A", "A{2,5}", "two to five A")],
    *[(text, Repeat(A, 0, 4)) for text in ("up to 4 A", "A{0,4}")],
    *[(text, Repeat(A, 1, None)) for text in ("some A", "A+")],
    *[(text, Repeat(A, 0, None)) for text in ("any number of A", "A*")],
    *[(text, Repeat(A, 0, 1)) for text in ("optional A", "A?")],
    ("A+?", Repeat(A, 1, None, greedy=False)),
    ("A??", Repeat(A, 0, 1, greedy=False)),
    ("A()??", Repeat(EventPhrase(("A",), ((),)), 0, 1, greedy=False)),
    ("A{2,5}?", Repeat(A, 2, 5, greedy=False)),
    ("three consecutive A", Repeat(A, 3, 3, mode="consecutive")),
    ("consecutive A+", Repeat(A, 1, None, mode="consecutive")),
    (
        "consecutive (A then some B then some C)",
        Consecutive(Group(Sequence(A, (Link(Repeat(B, 1, None)), Link(Repeat(C, 1, None)))))),
    ),
    ("three every A", Repeat(A, 3, 3, mode="every")),
    ("every A+", Repeat(A, 1, None, mode="every")),
    ("A+ until B", Until(Repeat(A, 1, None), B)),
    ("A+ until B as x", Until(Named(Repeat(A, 1, None), "x"), B)),
    ("A+ as x until B", Until(Named(Repeat(A, 1, None), "x"), B)),
    ("(A then C) until B", Until(Group(Sequence(A, (Link(C),))), B)),
    ("(three A within 1 minute) then B", Sequence(Group(Repeat(A, 3, 3), MINUTE), (Link(B),))),
    ("A or B", Or((A, B))),
    ("A and B and C", And((A, B, C))),
    ("all of (A, B, C)", And((A, B, C), spelled_all_of=True)),
    ("2 of (A, B, C)", SomeOf(2, (A, B, C))),
    ("(A and B) or C", Or((Group(And((A, B))), C))),
    ("(A then B){2}", Repeat(Group(Sequence(A, (Link(B),))), 2, 2)),
    ("optional (A then B)", Repeat(Group(Sequence(A, (Link(B),))), 0, 1)),
    ("A then no B then C", Sequence(A, (Link(Absence(B)), Link(C)))),
    ("A then no B for 1 minute", Sequence(A, (Link(Absence(B, MINUTE)),))),
    ("no A for 60 seconds", Absence(A, MINUTE)),
    ("expect A from hosts for 60 seconds", Expectation(A, "hosts", MINUTE)),
    ("A then within 1 minute B", Sequence(A, (Link(B, bounds=(StepBound(None, MINUTE),)),))),
    ("A then after a minute B", Sequence(A, (Link(B, bounds=(StepBound(MINUTE, None),)),))),
    ("A then between 1 and 5 minutes B", Sequence(A, (Link(B, bounds=(StepBound(MINUTE, seconds(300)),)),))),
    ("A then between 30s and 1m B", Sequence(A, (Link(B, bounds=(StepBound(seconds(30), MINUTE),)),))),
    ("A then within grace B", Sequence(A, (Link(B, bounds=(StepBound(None, Name("grace")),)),))),
    ("A then within 1 minute (B or C)", Sequence(A, (Link(Group(Or((B, C))), bounds=(StepBound(None, MINUTE),)),))),
    ("A then within (x) (B)", Sequence(A, (Link(Group(B), bounds=(StepBound(None, Name("x")),)),))),
    ("3 m then B", Sequence(Repeat(EventPhrase(("m",)), 3, 3), (Link(B),))),
    ("5 monkeys then B", Sequence(Repeat(EventPhrase(("monkeys",)), 5, 5), (Link(B),))),
    ("rate limit reached", EventPhrase(("rate", "limit", "reached"))),
    ("door at night", EventPhrase(("door", "at", "night"))),
    ("A then partial payment", Sequence(A, (Link(EventPhrase(("partial", "payment"))),))),
    ("A then within 1 minute partial payment", Sequence(A, (Link(EventPhrase(("partial", "payment")), False, (StepBound(None, MINUTE),)),))),
    ("`per` `two words`", EventPhrase(("per", "two words"))),
]  # fmt: skip


@pytest.mark.parametrize(("text", "tree"), PATTERNS, ids=[text for text, _ in PATTERNS])
def test_patterns(text: str, tree: Any) -> None:
    assert pattern(text) == tree
    assert declaration(f"rule r when {text} emit X").pattern == tree


def test_at_least_behind_then() -> None:
    """`then at` lets time pass in tests, and is no part of `then at least`."""
    assert pattern("A as a then at least 3 B") == pattern("A as a then 3+ B")


def test_within_at_the_end_of_a_pattern_is_the_rules() -> None:
    rule = declaration("rule r when A then no B within 30 minutes emit X")
    assert rule.pattern == Sequence(A, (Link(Absence(B)),))
    assert rule.within == seconds(1800)
    assert parse_pattern("three A within 1 minute").value == (Repeat(A, 3, 3), MINUTE)


@pytest.mark.parametrize(
    ("text", "microseconds"),
    [
        ("5 minutes", 300_000_000),
        ("5m", 300_000_000),
        ("5 min", 300_000_000),
        ("1h30m", 5_400_000_000),
        ("250ms", 250_000),
        ("2 days", 172_800_000_000),
        ("1 week", 604_800_000_000),
        ("0.5s", 500_000),
        ("1.5 hours", 5_400_000_000),
        ("five minutes", 300_000_000),
        ("a minute", 60_000_000),
        ("an hour", 3_600_000_000),
        ("hour", 3_600_000_000),
        ("1_000 s", 1_000_000_000),
        ("7us", 7),
        ("7 µs", 7),
    ],
)
def test_durations(text: str, microseconds: int) -> None:
    assert parse_fragment("duration", text).value == Literal(microseconds, "duration")
    assert declaration(f"rule r when A within {text} emit X").within == Literal(microseconds, "duration")
    assert declaration(f"rule r from A over every {text}").over == Window("tumbling", Literal(microseconds, "duration"))


def test_a_duration_does_not_cross_a_line_end() -> None:
    rule = declaration("rule r from A when x > 5\n  every 3\n  severity s\n  meta m = 5\n  to d")
    assert (rule.firing.count, rule.severity, rule.to) == (3, "s", ("d",))


WINDOWS = [
    ("last 1 minute", Window("last_time", MINUTE)),
    ("last 100 events", Window("last_count", count=100)),
    ("last five events", Window("last_count", count=5)),
    ("last 100 events within 1 minute", Window("last_count", MINUTE, 100)),
    ("last 100 events partial", Window("last_count", count=100, partial=True)),
    ("last 100 events within 1 minute partial", Window("last_count", MINUTE, 100, partial=True)),
    ("every 1 minute", Window("tumbling", MINUTE)),
    ("10 minutes every 1 minute", Window("hopping", seconds(600), step=MINUTE)),
    ("grace every 1 minute", Window("hopping", Name("grace"), step=MINUTE)),
    ("every 100 events", Window("tumbling_count", count=100)),
    ("session of 1 minute", Window("session", MINUTE)),
    ("session of 1 minute up to 10 minutes", Window("session", MINUTE, maximum=seconds(600))),
    ("each hour", Window("calendar", unit="hour")),
    ('each day in "Europe/Berlin"', Window("calendar", unit="day", zone="Europe/Berlin")),
    ("each week", Window("calendar", unit="week")),
    ("each month", Window("calendar", unit="month")),
    ("all", Window("all")),
    ("since Reset(x)", Window("since", event=EventPhrase(("Reset",), ((Argument(Name("x")),),)))),
]


@pytest.mark.parametrize(("text", "window"), WINDOWS, ids=[text for text, _ in WINDOWS])
def test_windows(text: str, window: Window) -> None:
    rule = declaration(f"rule r from A over {text} when count() > 3 emit X")
    assert rule.over == window
    assert declaration(f"rule r from A when avg(x over {text}) > 3").when.left.arguments[0].over == window


def test_rules_over_windows() -> None:
    rule = declaration("rule r from A or B as e per user when speed_kmh(prev, this) > 900")
    assert rule.input == syntax.Input(syntax.Source((A, B), "e"))
    rule = declaration(
        "rule r from A as a left join B as b on a.id == b.id within 5 minutes lookup cards on a.x == cards.n"
    )
    assert [type(j).__name__ for j in rule.input.joins] == ["Join", "Lookup"]
    assert rule.input.joins[0].left
    rule = declaration("rule r from A when avg(x over last 5 events) crosses above avg(x over last 20 events)")
    assert rule.when.operator == "crosses above"
    assert declaration("rule r from A").when is None


@pytest.mark.parametrize(
    ("text", "firing"),
    [
        ("every time", syntax.Firing("every_time")),
        ("every 3", syntax.Firing("every_count", 3)),
        ("while true every 10 minutes", syntax.Firing("while_true", duration=seconds(600))),
        ("while true every hour", syntax.Firing("while_true", duration=seconds(3600))),
    ],
)
def test_firing(text: str, firing: syntax.Firing) -> None:
    assert declaration(f"rule r from A when count() > 3 {text} emit X").firing == firing


EXPRESSIONS = [
    ("1 + 2 * 3", "1 + (2 * 3)"),
    ("2 ** 3 ** 2", "2 ** (3 ** 2)"),
    ("-2 ** 2", "-(2 ** 2)"),
    ("1 - 2 - 3", "(1 - 2) - 3"),
    ("a or b and not c == d", "a or (b and (not (c == d)))"),
    ("x between 1 and 2 and y", "(x between 1 and 2) and y"),
    ("a ?? b ?? c", "(a ?? b) ?? c"),
    ("a + b ?? c", "(a + b) ?? c"),
    ("if a then b else if c then d else e", "if a then b else (if c then d else e)"),
    ("a.b[0].c", "((a.b)[0]).c"),
    ("not a in [1, 2,]", "not (a in [1, 2])"),
]


@pytest.mark.parametrize(("text", "explicit"), EXPRESSIONS)
def test_precedence(text: str, explicit: str) -> None:
    assert expression(text) == expression(explicit)


@pytest.mark.parametrize(
    "text",
    [
        "a not in [1]", 'a like "x*"', 'a not like "x*"', "a matches /^x\\/[0-9]+$/i", "a is null", "a is not missing",
        "any(xs, x -> x > 1)", "percentile(x, 95)", 'sum(amount where currency == "EUR")', "top(x, n, sum(y))",
        'in_hours(at, "22:00", "06:00", tz)', "first(a).x", "a[-1].x", 'a["k"]', "count()", "null", "true", "5 minutes",
        '"it\'s"', "'say \"hi\"'", "`source.ip` == window.start", "x not between -1 and 1.5e3", "[]", "@timestamp > 0",
    ],
)  # fmt: skip
def test_expressions_parse(text: str) -> None:
    assert expression(print_expression(expression(text))) == expression(text)


def test_numbers_are_folded() -> None:
    assert expression("-5") == Literal(-5, "int")
    assert expression("-5 minutes") == seconds(-300)
    assert expression("-9223372036854775808") == Literal(-(2**63), "int")
    assert expression("1_000") == Literal(1000, "int")
    assert expression("--5") == syntax.Unary("-", Literal(-5, "int"))
    assert expression("1.0") != expression("1")


def test_texts() -> None:
    assert expression(r'"\n\t\"\\ \u00e9 \ud83d\ude00 \u{1F600} \x41"').value == '\n\t"\\ é 😀 😀 A'


SOFT = (
    ["at", "time", "id", "key", "from", "to", "last", "first", "next", "event", "events", "count", "sum", "start", "end", "day", "hour", "minute", "second", "week", "month", "type", "rule", "test", "table", "let", "define", "match", "skip", "past", "on", "timeout", "most", "least", "limit", "severity", "tags", "meta", "disabled", "emit", "where", "when", "within", "per", "having", "over", "since", "each", "session", "all", "any", "some", "every", "no", "for", "expect", "until", "then", "up", "exactly", "optional", "consecutive", "immediately", "between", "and", "or", "in", "as", "is", "like", "matches", "crosses", "above", "below", "left", "join", "lookup", "partial", "while", "given", "nothing", "else", "missing", "window", "this", "prev", "one", "two", "three", "x", "s", "m", "h", "d", "w", "a", "an"]
)  # fmt: skip
"""Words of the language that may be names of fields, steps, events, constants and so on."""


@pytest.mark.parametrize("word", SOFT)
def test_soft_keywords(word: str) -> None:
    text = f"""
event {word} {{ {word}: string {word}2: int }} time {word} id {word}
define x({word} = 1) as A({word} == 1)
let {word} = {word}
table {word} from "x.csv" key {word}, {word}
rule {word}
  when A({word} > 1 and {word}.{word} == 2) as {word} then B(x == {word}.{word}) as b
  where {word} == b.{word} and b.x in [{word}] and f({word}, {word} = 1, {word} -> {word})
  per {word}, {word}.{word}1
  having {word} + 1 > 2
  after match skip to last {word}
  emit {word}({word}, b.{word}, x = {word}, {word} = 1)
  to {word}
  severity {word}
  meta {word} = {word}
rule {word}2
  from A as {word} lookup {word} on {word} == {word}.{word}
  when {word} > 1 and sum({word} where {word} > 1) > 2
  emit {word}({word})
test "t" for {word}, {word}
  given 0s {word}({word} = 1) 2x every 5s {word}
  given table {word} ({word} = 1)
  expect 0s {word}({word} = 1)
"""
    parsed = parse(text)
    assert parsed.diagnostics == ()
    assert len(parsed.tree.declarations) == 7


@pytest.mark.parametrize("word", ["if", "not", "true", "false", "null"])
def test_the_few_reserved_words_stand_in_backticks(word: str) -> None:
    assert declaration(f"rule r from A when `{word}` == 1 emit X(`{word}`, a.{word})").when.left == Name(word)
    assert declaration(f"rule {word} when A as {word} per {word} emit {word}").per[0].name == word


def test_phrases_end_where_the_reference_says() -> None:
    ends = (
        "and as define disabled emit event for from having let meta or over per rule severity table tags test then to "
        "until when where within"
    )
    for word in ends.split():
        parsed = parse(f"rule r when failed {word} login emit X")
        phrases = [node.words for node in nodes(parsed.tree.declarations) if isinstance(node, EventPhrase)]
        assert not any(word in words for words in phrases)
    for free in ("limit", "at", "on", "after", "match", "up", "left", "partial", "time", "key", "every", "last"):
        assert pattern(f"failed {free} login") == EventPhrase(("failed", free, "login"))


# ---- places ----


def nodes(node: Any) -> Iterator[Any]:
    """A node and all below it."""
    if isinstance(node, tuple):
        for item in node:
            yield from nodes(item)
    elif isinstance(node, syntax.Node):
        yield node
        for field in dataclasses.fields(node):
            yield from nodes(getattr(node, field.name))


def text_at(text: str, span: Span) -> str:
    lines = text.split("\n")
    if span.line == span.end_line:
        return lines[span.line - 1][span.column - 1 : span.end_column - 1]
    inner = lines[span.line : span.end_line - 1]
    return "\n".join([lines[span.line - 1][span.column - 1 :], *inner, lines[span.end_line - 1][: span.end_column - 1]])


@given(trees.expressions(12))
def test_spans_of_expressions_cover_them(tree: Any) -> None:
    text = print_expression(tree)
    for node in nodes(parse_expression(text).value):
        if isinstance(node, syntax.Expression):
            assert parse_expression(text_at(text, node.span)).value == node


@given(trees.patterns(8))
def test_spans_of_patterns_cover_them(tree: Any) -> None:
    text = print_pattern(tree)
    for node in nodes(parse_pattern(text).value[0]):
        if isinstance(node, syntax.Pattern) and not isinstance(node, Named | Until):
            assert parse_pattern(text_at(text, node.span)).value == (node, None)


@given(trees.files())
def test_spans_of_declarations_cover_them(tree: syntax.RuleFile) -> None:
    text = print_file(tree)
    for node in parse(text).tree.declarations:
        assert parse(text_at(text, node.span)).tree.declarations == (node,)


def test_spans_of_clauses() -> None:
    text = "rule r\n  when A\n    then B\n  where a.x ==\n    b.x\n  per user\n  emit X(user)"
    rule = declaration(text)
    assert text_at(text, rule.name_span) == "r"
    assert {name: text_at(text, span) for name, span in rule.clause_spans.items()} == {
        "when": "when A\n    then B",
        "where": "where a.x ==\n    b.x",
        "per": "per user",
        "emit": "emit X(user)",
    }
    assert text_at(text, rule.emit.fields[0].span) == "user"


# ---- mistakes never crash ----

_TOKENS = st.sampled_from(
    ["then", "when", "from", "(", ")", "[", "}", "{", ",", "=", "==", "5", "5m", '"', "`", "/", "every", "no", "é", "\n", "rule", "->", "?", "*", "|"]
)  # fmt: skip


@given(trees.files(2), st.data())
def test_one_token_mutations_never_crash(tree: syntax.RuleFile, data: st.DataObject) -> None:
    parts = print_file(tree).split(" ")
    index = data.draw(st.integers(0, len(parts) - 1))
    change = data.draw(st.sampled_from(["drop", "double", "replace", "insert", "cut"]))
    token = data.draw(_TOKENS)
    changed = {
        "drop": parts[:index] + parts[index + 1 :],
        "double": parts[: index + 1] + parts[index:],
        "replace": [*parts[:index], token, *parts[index + 1 :]],
        "insert": [*parts[:index], token, *parts[index:]],
        "cut": parts[:index],
    }[change]
    text = " ".join(changed)
    parsed = parse(text)
    lines = text.split("\n")
    for diagnostic in parsed.diagnostics:
        assert 1 <= diagnostic.span.line <= len(lines)
        assert 1 <= diagnostic.span.column <= len(lines[diagnostic.span.line - 1]) + 1


@given(st.text(max_size=60) | st.lists(st.sampled_from(trees.KEYWORDS) | _TOKENS, max_size=20).map(" ".join))
def test_any_text_ends_in_a_tree_or_diagnostics(text: str) -> None:
    parse(text)
    parse(f"rule r when {text}")
    parse_expression(text)


def test_the_parser_is_not_built_at_import() -> None:
    code = "import cep, cep.language.parser, cep.language.printer, sys; sys.exit('lark' in sys.modules or 'yaml' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_test_reads_files_and_may_leave_open_what_it_expects() -> None:
    rules = 'test "a" given "a.jsonl" 0s Login then at 5s expect\ntest "b" given "b.jsonl" expect nothing'
    first, second = (d for d in parse(rules).tree.declarations if isinstance(d, syntax.RuleTest))
    assert first.given[0] == syntax.Fixture("a.jsonl")
    assert (first.open, second.open) == (True, False)
    assert second.given == (syntax.Fixture("b.jsonl"),)
