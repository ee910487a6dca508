"""Every function and operator of section 5: generated code gives what the naive interpreter gives, on good and odd values.

Expressions are nested at random over the fields of two events that hold what they should, null, or something else.
"""

from __future__ import annotations

import math
import re
from typing import Any

from hypothesis import assume, given, note
from hypothesis import strategies as st

from cep.durations import format_duration
from cep.engine import Engine
from cep.errors import RuleError
from cep.functions.registry import _language
from cep.language.checked import CheckedRule
from cep.language.rule_files import load_rules
from cep.timestamps import format_time, parse_time
from tests.oracle.interpreter import Scope, evaluate
from tests.oracle.values import EvaluationFailure, OracleEvent

ZONES = ['"UTC"', '"Europe/Berlin"', '"Asia/Kathmandu"']
MOMENTS = [
    "2026-01-01T00:00:00Z",
    "2026-03-29T02:30:00+01:00",
    "2026-10-25T00:59:59.25Z",
    "1969-12-31T23:59:59.999999Z",
]

# What stands for each kind: leaves, and forms with holes, one per function or operator at least.
LEAVES: dict[str, list[str]] = {
    "text": ["a.t", "b.t", "b.s", '"a,b"', '""', '" Ä1 "', '"10.1.2.3"'],
    "number": ["a.n", "b.n", "b.f", "3", "0", "2.5", "7"],
    "bool": ["a.p", "b.p", "true", "b.n is null", "a.z is missing"],
    "list": ["a.l", "b.l", '["a", "b"]', "[1, 2, 3]"],
    "map": ["a.m", "b.m"],
    "moment": ["a.at", "b.at", "time(a)", "time(b)", f'"{MOMENTS[1]}"'],
    "zone": ZONES,
    "any": ["a.t", "a.n", "b.l", "a.m", "b.p", "b.z"],
}
FORMS: dict[str, list[str]] = {
    "text": [
        "lower(<text>)", "upper(<text>)", "trim(<text>)", 'replace(<text>, ",", <text>)', 'replace(<text>, "", <text>)',
        "substring(<text>, 1)", "substring(<text>, -2, <number>)", 'format("{} {{}} {}", <any>, <any>)',
        'format("{1:.2f}/{0}", <any>)', 'format("{0:.1f}|{0:5d}", <number>)', "string(<any>)", "date(<moment>, <zone>)",
        "sha256(<text>)", "md5(<text>)", "<text> + <text>", "if <bool> then <text> else <text>", "(<text> ?? <text>)",
        'split(<text>, ",")[0]', "<map>.k", '<map>["k"]', "<list>[-1]",
    ],
    "number": [
        "length(<text>)", "length(<list>)", "length(<map>)", "abs(<number>)", "round(<number>)", "round(<number>, 1)",
        "round(<number>, -1)", "floor(<number>)", "ceil(<number>)", "sqrt(<number>)", "log(<number>)", "log(<number>, 2)",
        "exp(<number>)", "clamp(<number>, 0, <number>)", "hour(<moment>, <zone>)", "minute(<moment>, <zone>)",
        "weekday(<moment>, <zone>)", "hour(<moment>)", "int(<any>)", "float(<text>)", "int(<text>)", "<number> + <number>",
        "<number> - <number>", "<number> * <number>", "<number> / <number>", "<number> % <number>", "<number> ** 2",
        "-<number>", "(<number> ?? <number>)", "if <bool> then <number> else <number>", "<list>[1]", "a.n ?? b.n",
    ],
    "bool": [
        "contains(<text>, <text>)", "contains(<list>, <any>)", "starts_with(<text>, <text>)", "ends_with(<text>, <text>)",
        'in_hours(<moment>, "22:00", "06:00", <zone>)', 'in_hours(<moment>, "00:30", "12:00")',
        "any(<list>, x -> x > <number>)", "all(<list>, x -> x != <text>)", "any(<list>, x -> contains(x, <text>))",
        'cidr(<text>, "10.0.0.0/8", "2001:db8::/32")', '<text> like "*1?"', '<text> like "a*b*"', '<text> not like "?"',
        "<text> matches /^[a-z]+,?/i", "<text> not matches /\\d$/", "<number> < <number>", "<number> >= <number>",
        "<number> == <number>", "<text> == <text>", "<text> <= <text>", "<any> != <any>", "<number> between 0 and <number>",
        "<number> not between <number> and 5", '<text> in ["a", "b", null]', "<number> not in <list>", "<any> in <list>",
        "<any> is null", "<any> is not null", "a.z is not missing", "bool(<any>)", "not <bool>", "<bool> and <bool>",
        "<bool> or <bool>", "(if <bool> then <bool> else <bool>)",
    ],
    "list": [
        'split(<text>, ",")', "map(<list>, x -> x * 2)", "map(<list>, x -> [x, <number>])", "filter(<list>, x -> x > 1)",
        "keys(<map>)", "values(<map>)", "[<any>, <number>]", "filter(<list>, x -> any(<list>, y -> y == x))",
    ],
    "map": [],
    "moment": [
        'trunc(<moment>, "hour", <zone>)', 'trunc(<moment>, "day")', 'trunc(<moment>, "week", "UTC")',
        'trunc(<moment>, "month", "Asia/Kathmandu")', "trunc(<moment>, 15 minutes)", "timestamp(<text>)",
        'timestamp("2026-01-01 10:00", <zone>)', "timestamp(<number>)",
    ],
    "zone": [],
    "any": ["<text>", "<number>", "<bool>", "<list>"],
}  # fmt: skip
TOP = {
    "distance": "distance_km(<number>, <number>, <number>, 5)",
    "speed": "speed_kmh(a, b)",
    "age": "age(<moment>)",
    "moment": "<moment>",
}
"""Results that are written as text, or that a float's last bits may differ in: never inside another expression."""
HOLE = re.compile(r"<(\w+)>")


def expressions(kind: str, depth: int) -> st.SearchStrategy[str]:
    leaves = st.sampled_from(LEAVES[kind])
    if depth == 0 or not FORMS[kind]:
        return leaves
    return st.one_of(
        leaves, filled(st.sampled_from(FORMS[kind]), depth - 1), filled(st.sampled_from(FORMS[kind]), depth - 1)
    )


@st.composite
def filled(draw: st.DrawFn, forms: st.SearchStrategy[str], depth: int) -> str:
    form = draw(forms)
    return HOLE.sub(lambda hole: bracketed(draw(expressions(hole[1], depth))), form)


def bracketed(text: str) -> str:
    plain = re.fullmatch(r"[\w.]+|\"[^\"]*\"|\w+\([^()]*\)|\[[^\[\]]*\]", text)
    return text if plain else f"({text})"


texts = st.sampled_from(
    [
        "",
        "a",
        "a,b,c",
        "AB1",
        " x ",
        "10.1.2.3",
        "::ffff:10.0.0.1",
        "2001:db8::1",
        "42",
        "-1.5e3",
        "TRUE",
        "Straße",
        "日本",
    ]
)
floats = st.sampled_from([0.0, -0.0, 0.5, 2.5, -2.5, 1e300, 2.675, -1e-9, 1767225600.25, 0.1])
ints = st.integers(-5, 12) | st.sampled_from([2**53 + 1, 2**63 - 1, -(2**63), 1_767_225_600_000])
scalars = st.one_of(texts, floats, ints, st.booleans(), st.none())
lists = st.lists(scalars, max_size=4) | st.lists(ints, max_size=4) | st.lists(texts, max_size=4)
maps = st.dictionaries(st.sampled_from(["k", "l", "ü"]), scalars | lists, max_size=3)
moments = st.sampled_from(MOMENTS)
KINDS = {"t": texts, "s": texts, "n": ints, "f": floats, "p": st.booleans(), "l": lists, "m": maps, "at": moments}


@st.composite
def records(draw: st.DrawFn) -> dict[str, Any]:
    record = {name: draw(values) for name, values in KINDS.items()}
    for name in draw(st.lists(st.sampled_from(list(KINDS)), max_size=2)):
        # A number as a time is one of microseconds; beyond the year 9999 only some functions refuse it.
        record[name] = draw(texts | st.none() | lists if name == "at" else scalars | lists | maps)
    for name in draw(st.lists(st.sampled_from(list(KINDS)), max_size=1)):
        del record[name]
    place = draw(st.none() | st.tuples(st.sampled_from([0, 52.5, -91]), st.sampled_from([13.4, 200])))
    return record if place is None else record | {"lat": place[0], "lon": place[1]}


START, LATER = "2026-01-01T00:00:00Z", "2026-01-01T00:10:00Z"


def engine_value(expression: str, first: dict[str, Any], second: dict[str, Any]) -> Any:
    """What the engine emits; ``...`` where the evaluation failed."""
    engine = Engine.from_rules(f"rule r when A as a then B as b within 1 hour emit X(v = {expression})")
    engine.push({"type": "A", "time": START} | first)
    derived = engine.push({"type": "B", "time": LATER} | second)
    letters = engine.take_dead_letters()
    assert len(derived) + len(letters) == 1
    return derived[0].fields["v"] if derived else ...


def oracle_value(expression: str, first: dict[str, Any], second: dict[str, Any]) -> Any:
    [rule] = load_rules(f"rule r when A as a then B as b within 1 hour emit X(v = {expression})").rules
    return interpreted(rule, first, second)


def interpreted(rule: CheckedRule, first: dict[str, Any], second: dict[str, Any]) -> Any:
    a, b = OracleEvent("A", parse_time(START), first), OracleEvent("B", parse_time(LATER), second)
    scope = Scope(candidate=b, steps={"a": [a], "b": [b]}, previous=a, events=[a, b])
    try:
        return evaluate(rule.emit.fields[0].value, scope)
    except EvaluationFailure:
        return ...


def alike(found: Any, expected: Any) -> bool:
    if isinstance(found, float) and isinstance(expected, float):
        return found == expected or math.isclose(found, expected, rel_tol=1e-9, abs_tol=1e-6)
    if isinstance(found, list) and isinstance(expected, list):
        return len(found) == len(expected) and all(map(alike, found, expected))
    return bool(found == expected) and type(found) is type(expected)


@given(
    st.sampled_from(["text", "number", "bool", "list", "any"]).flatmap(
        lambda kind: filled(st.sampled_from(FORMS[kind]), 2)
    ),
    records(),
    records(),
)
def test_generated_equals_interpreted(expression: str, first: dict[str, Any], second: dict[str, Any]) -> None:
    note(expression)
    try:
        found = engine_value(expression, first, second)
    except RuleError:
        assume(False)  # types that do not go together, or a constant that a function refuses
    expected = oracle_value(expression, first, second)
    assert alike(found, expected), (found, expected)


@given(st.sampled_from(sorted(TOP)), st.data(), records(), records())
def test_times_and_distances(which: str, data: st.DataObject, first: dict[str, Any], second: dict[str, Any]) -> None:
    expression = data.draw(filled(st.just(TOP[which]), 1))
    note(expression)
    try:
        found = engine_value(expression, first, second)
    except RuleError:
        assume(False)
    expected = oracle_value(expression, first, second)
    if which == "age" and isinstance(expected, int):
        expected = format_duration(expected)
    elif which == "moment" and isinstance(expected, int) and isinstance(found, str):
        expected = format_time(expected)
    assert alike(found, expected), (found, expected)


def test_every_function_is_among_them() -> None:
    text = " ".join(form for forms in (*FORMS.values(), *LEAVES.values(), [*TOP.values()]) for form in forms)
    assert {name for name in _language if f"{name}(" not in text} == set()


def test_each_form_by_itself() -> None:
    """With plain values, so that none is only ever tried on what it refuses."""
    forms = [form for forms in FORMS.values() for form in forms]
    written = [HOLE.sub(lambda hole: LEAVES[hole[1]][0], form) for form in forms]
    rules = "\n".join(
        f"rule r{number} when A as a then B as b within 1 hour emit X{number}(v = {text})"
        for number, text in enumerate(written)
    )
    record = {"t": "a,b", "s": "b", "n": 4, "f": 2.5, "p": True, "l": [1, 2, 3], "m": {"k": "v"}, "at": MOMENTS[0]}
    engine = Engine.from_rules(rules)
    engine.push({"type": "A", "time": START} | record)
    found = {each.type: each.fields["v"] for each in engine.push({"type": "B", "time": LATER} | record)}
    for number, rule in enumerate(load_rules(rules).rules):
        expected = interpreted(rule, record, record)
        value = found.get(f"X{number}", ...)
        if isinstance(value, str) and isinstance(expected, int):
            expected = format_time(expected)
        assert alike(value, expected), (written[number], value, expected)
    assert len(found) >= len(forms) - 3
