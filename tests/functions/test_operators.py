"""Operators: three values, exact comparison, bounds, patterns in linear time."""

import fnmatch
import math
import time
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cep.functions import EvaluationError
from cep.functions import operators as o

INT = st.integers(-(2**63), 2**63 - 1)
FLOAT = st.floats(allow_nan=False, allow_infinity=False)
DECIMAL = st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**20), max_value=10**20)
SCALAR = st.one_of(
    st.none(), st.booleans(), st.integers(-3, 3), st.sampled_from([0.5, 1.0, -0.0]), st.sampled_from("ab")
)
VALUE = st.recursive(SCALAR, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("xy"), inner))


def kind(value: Any) -> str:
    if isinstance(value, bool):
        return "bool"
    return "number" if isinstance(value, int | float | Decimal) else type(value).__name__


def deep(value: Any) -> Any:
    """Equal by Python exactly where the language says so."""
    if isinstance(value, list):
        return [deep(item) for item in value]
    if isinstance(value, dict):
        return {key: deep(item) for key, item in value.items()}
    return (kind(value), value)


@given(VALUE, VALUE)
def test_equality_of_anything(a: Any, b: Any) -> None:
    found = o.equal(a, b)
    if a is None or b is None or kind(a) != kind(b):
        assert found is None
    else:
        assert found is (deep(a) == deep(b))
    assert o.not_equal(a, b) is (None if found is None else not found)
    assert o.equal(b, a) is found


@given(st.one_of(INT, FLOAT, DECIMAL), st.one_of(INT, FLOAT, DECIMAL))
def test_numbers_compare_exactly(a: Any, b: Any) -> None:
    left, right = Fraction(a), Fraction(b)
    assert o.less(a, b) is (left < right)
    assert o.less_equal(a, b) is (left <= right)
    assert o.greater(a, b) is (left > right)
    assert o.greater_equal(a, b) is (left >= right)
    assert o.equal(a, b) is (left == right)


@pytest.mark.parametrize("compare", [o.less, o.less_equal, o.greater, o.greater_equal])
@pytest.mark.parametrize(
    ("a", "b"),
    [(1, "1"), (1, True), (True, False), (None, 1), (1, None), (None, None), ([1], [2]), ({}, {}), ("a", ["a"])],
)
def test_what_has_no_order_is_unknown(compare: Any, a: Any, b: Any) -> None:
    assert compare(a, b) is None


def test_text_by_code_point() -> None:
    assert o.less("Z", "a") is True
    assert o.less("\uffff", "\U0001f600") is True


@pytest.mark.parametrize("odd", [Decimal("NaN"), Decimal("sNaN"), Decimal("Infinity")])
def test_decimals_that_are_no_numbers_are_unknown(odd: Decimal) -> None:
    assert o.equal(odd, 1) is None
    assert o.less(odd, 1) is None
    assert o.greater(1.5, odd) is None


def test_a_tuple_is_a_list() -> None:
    assert o.equal((1, "a"), [1.0, "a"]) is True
    assert o.equal((True,), (1,)) is False


def test_subclasses_are_what_they_extend() -> None:
    class Meters(float):
        pass

    assert o.less(Meters(1.5), 2) is True
    assert o.equal(Meters(2.0), 2) is True
    assert o.add(Meters(1.5), 1) == 2.5


@given(st.one_of(SCALAR, st.lists(SCALAR, max_size=2)), st.lists(SCALAR, max_size=4))
def test_in(value: Any, items: list[Any]) -> None:
    answers = [o.equal(item, value) for item in items if item is not None]
    expected = None if value is None else True if True in answers else None if None in answers else False
    assert o.contains_value(items, value) is expected
    assert o.compile_contains(items)(value) is expected


def test_in_what_is_no_list() -> None:
    assert o.contains_value("abc", "a") is None
    assert o.contains_value(None, 1) is None


# ---- arithmetic ----

OPERATIONS: list[tuple[Any, Any]] = [
    (o.add, lambda a, b: a + b),
    (o.subtract, lambda a, b: a - b),
    (o.multiply, lambda a, b: a * b),
    (o.modulo, lambda a, b: a % b),
]


@given(INT, INT, st.sampled_from(OPERATIONS))
def test_ints_are_exact_or_refused(a: int, b: int, operation: tuple[Any, Any]) -> None:
    ours, pythons = operation
    try:
        found = ours(a, b)
    except EvaluationError:
        assert (b == 0 and ours is o.modulo) or not -(2**63) <= pythons(a, b) < 2**63
    else:
        assert found == pythons(a, b)
        assert type(found) is int


@given(FLOAT, st.one_of(INT, FLOAT), st.sampled_from([*OPERATIONS, (o.divide, lambda a, b: a / b)]))
def test_floats_are_finite_or_refused(a: float, b: Any, operation: tuple[Any, Any]) -> None:
    ours, pythons = operation
    try:
        found = ours(a, b)
    except EvaluationError:
        assert b == 0 or not math.isfinite(pythons(a, float(b)))
    else:
        assert found == pythons(a, float(b))
        assert type(found) is float


@given(st.one_of(INT, FLOAT, DECIMAL), st.one_of(INT, FLOAT, DECIMAL))
def test_division_by_anything(a: Any, b: Any) -> None:
    try:
        found = o.divide(a, b)
    except EvaluationError:
        return
    assert type(found) is (Decimal if Decimal in (type(a), type(b)) and float not in (type(a), type(b)) else float)


@pytest.mark.parametrize("zero", [0, 0.0, -0.0, Decimal(0)])
@pytest.mark.parametrize("operation", [o.divide, o.modulo])
def test_division_by_zero(operation: Any, zero: Any) -> None:
    with pytest.raises(EvaluationError, match="division by zero"):
        operation(1, zero)
    assert operation(None, zero) is None
    assert operation("a", zero) is None


@pytest.mark.parametrize("operation", [o.add, o.subtract, o.multiply, o.divide, o.modulo, o.power])
@pytest.mark.parametrize(
    ("a", "b"), [(None, 1), (1, None), (1, "a"), ("a", 1), (True, 1), (1, True), ([1], [2]), ({}, 1)]
)
def test_arithmetic_of_what_is_no_number_is_unknown(operation: Any, a: Any, b: Any) -> None:
    assert operation(a, b) is None


def test_decimals() -> None:
    assert o.add(Decimal("0.1"), Decimal("0.2")) == Decimal("0.3")
    assert o.multiply(Decimal("19.99"), 3) == Decimal("59.97")
    assert type(o.multiply(Decimal("19.99"), 1.5)) is float
    assert str(o.divide(Decimal(1), 3)) == "0." + "3" * 34
    assert o.modulo(Decimal(-7), 3) == 2
    assert o.power(Decimal("1.5"), 2) == Decimal("2.25")
    with pytest.raises(EvaluationError, match="too large"):
        o.power(Decimal(10), 10**9)


def test_texts_are_joined_up_to_the_limit() -> None:
    assert o.add("a", "b") == "ab"
    assert o.subtract("a", "b") is None
    with pytest.raises(EvaluationError, match="1,048,577 characters"):
        o.add("a" * (1 << 20), "b")


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        (2, 10, 1024), (2, -1, 0.5), (-2, 63, -(2**63)), (0, 0, 1), (1, 10**18, 1), (-1, 10**18 + 1, -1), (0, 10**18, 0),
        (2.0, 0.5, 2.0**0.5), (-8.0, 3, -512.0), (True, 2, None),
    ],
)  # fmt: skip
def test_power(a: Any, b: Any, expected: Any) -> None:
    found = o.power(a, b)
    assert found == expected
    assert type(found) is type(expected)


@pytest.mark.parametrize(("a", "b"), [(2, 63), (10, 10**9), (7, 2**62), (0, -1), (0.0, -1), (-8, 0.5), (1e200, 2)])
def test_powers_that_fail_do_so_at_once(a: Any, b: Any) -> None:
    started = time.perf_counter()
    with pytest.raises(EvaluationError):
        o.power(a, b)
    assert time.perf_counter() - started < 1


def test_negate() -> None:
    assert o.negate(5) == -5
    assert o.negate("5") is None
    assert o.negate(True) is None
    with pytest.raises(EvaluationError):
        o.negate(-(2**63))


# ---- patterns ----


@given(st.text("ab*?", max_size=8), st.text("ab\n", max_size=12))
def test_like_is_a_glob(pattern: str, text: str) -> None:
    assert o.like(text, pattern) is fnmatch.fnmatchcase(text, pattern)
    assert o.compile_like(pattern)(text) is o.like(text, pattern)


@pytest.mark.parametrize(
    ("text", "pattern", "expected"),
    [
        ("C:\\Windows\\cmd.exe", "C:\\Windows\\*", True),
        ("a[b]c", "a[b]*", True),
        ("abc", "ABC", False),
        ("aba", "ab*ba", False),
        ("", "*", True),
        ("", "?", False),
        (5, "*", None),
        ("a", None, None),
    ],
)
def test_like(text: Any, pattern: Any, expected: bool | None) -> None:
    assert o.like(text, pattern) is expected


def test_regex_is_a_search() -> None:
    assert o.compile_regex("b+")("abbc") is True
    assert o.compile_regex("^b")("abbc") is False
    assert o.compile_regex("^B", "im")("a\nb") is True
    assert o.compile_regex("a.b", "s")("a\nb") is True
    assert o.compile_regex("a.b")("a\nb") is False
    assert o.compile_regex("ä$")("ÄÄä") is True
    assert o.compile_regex("a")(None) is None
    assert o.compile_regex("a")(5) is None
    assert o.compile_regex("a")("\ud800a") is True
    assert o.compile_regex("a|b", "i")("B") is True


@pytest.mark.parametrize(("pattern", "flags"), [("(", ""), ("(?=a)", ""), (r"(a)\1", ""), ("a{5000}", ""), ("a", "x")])
def test_a_regex_that_is_not_valid(pattern: str, flags: str, capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ValueError):
        o.compile_regex(pattern, flags)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    "test",
    [
        o.compile_like("*a" * 20 + "*b"),
        o.compile_like("*a?a?a?a?a*a?b"),
        o.compile_regex("(a+)+$"),
        o.compile_regex("(a|a)*b"),
    ],
    ids=["like", "like with ?", "regex +", "regex |"],
)
def test_hostile_text_takes_linear_time(test: o.Test) -> None:
    started = time.perf_counter()
    assert test("a" * 200_000 + "c") is False
    assert time.perf_counter() - started < 5
