"""S6: a missing field is null; comparisons and arithmetic with null are unknown; logic is three-valued."""

import json
from typing import Any

import pytest

from tests.specification.scenario import found, play

TRUTH = [True, False, None]


def value(expression: str, **fields: Any) -> Any:
    """The value of an expression over one event's fields."""
    written = " ".join(f"{name}={_json(each)}" for name, each in fields.items())
    [got] = play(f"rule r when E emit X(v = {expression})", f"e {written}").values("v")
    return got


def holds(condition: str, fields: str = "") -> bool:
    """Whether the condition of a step holds for one event."""
    return found(f"rule r when E({condition}) emit X()", f"e {fields}") == ["e @0"]


def _json(each: Any) -> str:
    return json.dumps(each)


# ---- the tables ----


@pytest.mark.parametrize("p", TRUTH)
@pytest.mark.parametrize("q", TRUTH)
def test_and(p: bool | None, q: bool | None) -> None:
    expected = False if p is False or q is False else None if p is None or q is None else True
    assert value("p and q", p=p, q=q) is expected
    assert holds("p and q", f"p={_json(p)} q={_json(q)}") is (expected is True)


@pytest.mark.parametrize("p", TRUTH)
@pytest.mark.parametrize("q", TRUTH)
def test_or(p: bool | None, q: bool | None) -> None:
    expected = True if p is True or q is True else None if p is None or q is None else False
    assert value("p or q", p=p, q=q) is expected
    assert holds("p or q", f"p={_json(p)} q={_json(q)}") is (expected is True)


@pytest.mark.parametrize(("p", "expected"), [(True, False), (False, True), (None, None)])
def test_not(p: bool | None, expected: bool | None) -> None:
    assert value("not p", p=p) is expected
    assert holds("not p", f"p={_json(p)}") is (expected is True)


# ---- comparisons and arithmetic ----


@pytest.mark.parametrize("operator", ["==", "!=", "<", "<=", ">", ">="])
@pytest.mark.parametrize("fields", ["x=null", ""])
def test_comparison_with_null_is_unknown_and_so_is_its_negation(operator: str, fields: str) -> None:
    assert not holds(f"x {operator} 1", fields)
    assert not holds(f"not (x {operator} 1)", fields)
    assert not holds(f"1 {operator} x", fields)


def test_null_is_not_equal_to_null() -> None:
    assert value("x == y", x=None, y=None) is None
    assert value("x != y", x=None, y=None) is None


@pytest.mark.parametrize("operator", ["+", "-", "*", "/", "%", "**"])
def test_arithmetic_with_null_is_null(operator: str) -> None:
    assert value(f"x {operator} 2", x=None) is None
    assert value(f"2 {operator} x", x=None) is None
    assert value(f"x {operator} 2") is None


def test_between_like_and_matches_with_null_are_unknown() -> None:
    for condition in ("x between 1 and 3", 'x like "a*"', "x matches /a/"):
        assert not holds(condition, "x=null")
        assert not holds(f"not ({condition})", "x=null")


def test_a_part_of_nothing_is_nothing() -> None:
    assert value("x.y.z") is None
    assert value('x["y"]', x=None) is None
    assert value("x[0]", x=None) is None


def test_first_not_null() -> None:
    assert value("x ?? 7", x=None) == 7
    assert value("x ?? 7", x=0) == 0
    assert value("x ?? y ?? 9") == 9


def test_a_number_compared_with_text_is_unknown_where_types_are_not_known() -> None:
    assert not holds("x > 3", "x=abc")
    assert not holds("not (x > 3)", "x=abc")


# ---- the tests for null ----


def test_is_null() -> None:
    assert holds("x is null", "x=null")
    assert holds("x is null", "")
    assert not holds("x is null", "x=1")
    assert holds("x is not null", "x=1")
    assert not holds("x is not null", "x=null")
    assert not holds("x is not null", "")


def test_is_missing() -> None:
    assert holds("x is missing", "")
    assert not holds("x is missing", "x=1")
    assert holds("x is not missing", "x=1")
    assert not holds("x is not missing", "")


def test_the_word_null_in_a_comparison_is_the_test_for_it() -> None:
    """`Login(outcome == "failure" and ip != null)` of section 3; a decision of grammar/README.md."""
    rules = 'rule r when Login(outcome == "failure" and ip != null) emit X()'
    assert found(rules, "Login1 outcome=failure Login2 outcome=failure ip=null Login3 outcome=failure ip=p") == [
        "Login3 @2"
    ]
    assert holds("x == null", "x=null")
    assert holds("x == null", "")
    assert not holds("x == null", "x=1")


# ---- in ----


@pytest.mark.parametrize(
    ("x", "member", "not_member"),
    [(1, True, False), (2, False, True), (None, None, None)],
)
def test_in_ignores_nulls_in_the_list_and_a_null_on_the_left_is_unknown(
    x: int | None, member: bool | None, not_member: bool | None
) -> None:
    assert value("x in [1, y]", x=x, y=None) is member
    assert value("x not in [1, y]", x=x, y=None) is not_member


def test_in_a_list_of_earlier_values() -> None:
    rules = "rule r when 2 A as l then B as b where b.ip not in l.ip emit X()"
    assert found(rules, "a1 ip=1 a2 b ip=2") == ["a1 a2 b @2"]
    assert found(rules, "a1 ip=1 a2 b ip=1") == []
    assert found(rules, "a1 ip=1 a2 b") == []


# ---- aggregates ----


def test_aggregates_skip_nulls() -> None:
    rules = """
        rule r from A over last 1 hour
        emit X(n = count(), sum = sum(x), avg = avg(x), min = min(x), max = max(x), d = distinct(x), dn = count_distinct(x),
               f = first(x), l = last(x))
    """
    played = play(rules, "a x=null a x=4 a a x=2 a x=4")
    assert played.values("n", "sum", "avg", "min", "max", "d", "dn")[-1] == (5, 10, 10 / 3, 2, 4, [4, 2], 2)
    assert played.values("f", "l")[-1] == (4, 4)


def test_count_and_sum_of_nothing_are_zero_and_the_others_null() -> None:
    rules = (
        "rule r from A over last 1 hour emit X(n = count(x > 0), s = sum(x), avg = avg(x), min = min(x), max = max(x))"
    )
    assert play(rules, "a x=null").values("n", "s", "avg", "min", "max") == [(0, 0, None, None, None)]


def test_aggregates_over_a_match_skip_nulls() -> None:
    rules = "rule r when three A as l emit X(n = count(l), s = sum(l.x), ips = distinct(ip), top = max(l.x))"
    played = play(rules, "a x=1 ip=p a a x=2 ip=q")
    assert played.values("n", "s", "ips", "top") == [(3, 3, ["p", "q"], 2)]


def test_a_condition_of_a_window_holds_only_when_true() -> None:
    rules = "rule r from A over last 1 hour when max(x) > 3 every time emit X()"
    assert play(rules, "a1 x=null a2 x=3 a3 x=4 a4").types == ["X @2", "X @3"]
