"""Expressions by definition: S6, S15 and section 5, on hand-built trees."""

import pytest

from cep.language import checked as c
from tests.oracle.aggregates import aggregate
from tests.oracle.interpreter import Scope, evaluate, holds
from tests.oracle.values import EvaluationFailure, OracleEvent, identity, same


def constant(value: object) -> c.Constant:
    return c.Constant(value=tuple(value) if isinstance(value, list) else value)  # type: ignore[arg-type]


def binary(left: object, operator: str, right: object) -> object:
    return evaluate(c.Binary(operator=operator, left=constant(left), right=constant(right)), Scope())


x = c.Field(event=c.Candidate(), name="x")


def event(**fields: object) -> OracleEvent:
    return OracleEvent("A", 0, dict(fields))


@pytest.mark.parametrize(
    ("left", "operator", "right", "value"),
    [
        (1, "==", 1.0, True),
        (1, "==", True, None),
        (1, "==", "1", None),
        (1, "!=", "1", None),
        (None, "==", None, None),
        (None, "!=", 1, None),
        (2**53 + 1, "==", float(2**53), False),
        ("a", "<", "b", True),
        ("a", "<", 1, None),
        (False, "<", True, None),
        (False, "!=", True, True),
        ([1, 2], "==", [1, 2.0], True),
        (1, "+", None, None),
        (1, "+", True, None),
        ("a", "+", "b", "ab"),
        ("a", "+", 1, None),
        (7, "/", 2, 3.5),
        (-7, "%", 3, 2),
        (2, "**", 3, 8),
        (None, "??", 3, 3),
        (0, "??", 3, 0),
    ],
)
def test_comparison_and_arithmetic(left: object, operator: str, right: object, value: object) -> None:
    found = binary(left, operator, right)
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize("operator", ["/", "%"])
def test_division_by_zero_fails(operator: str) -> None:
    with pytest.raises(EvaluationFailure):
        binary(1, operator, 0)


def test_what_no_float_can_hold_fails() -> None:
    with pytest.raises(EvaluationFailure):
        binary(1e308, "*", 10.0)
    with pytest.raises(EvaluationFailure):
        binary(-8, "**", 0.5)


T, F, U = True, False, None


@pytest.mark.parametrize(
    ("left", "right", "both", "either"),
    [
        (T, T, T, T), (T, F, F, T), (T, U, U, T),
        (F, T, F, T), (F, F, F, F), (F, U, F, U),
        (U, T, U, T), (U, F, F, U), (U, U, U, U),
    ],
)  # fmt: skip
def test_and_or_are_kleenes(left: object, right: object, both: object, either: object) -> None:
    assert binary(left, "and", right) is both
    assert binary(left, "or", right) is either


def test_not_of_unknown_is_unknown() -> None:
    assert evaluate(c.Unary(operator="not", operand=constant(None)), Scope()) is None
    assert evaluate(c.Unary(operator="not", operand=constant(False)), Scope()) is True
    assert evaluate(c.Unary(operator="not", operand=constant(1)), Scope()) is None


def test_what_is_certain_is_not_evaluated() -> None:
    failing = c.Binary(operator="/", left=constant(1), right=constant(0))
    for operator, left in (("and", False), ("or", True)):
        expression = c.Binary(operator=operator, left=constant(left), right=failing)
        assert evaluate(expression, Scope()) is left


@pytest.mark.parametrize(
    ("value", "items", "found"),
    [
        (1, [1, None], True),
        (2, [1, None], False),
        (2, [None], False),
        (None, [1], None),
        (None, [], None),
        (1.0, [1], True),
        (True, [1], None),
        ("1", [1, "1"], True),
        (1, "1", None),
    ],
)
def test_in_ignores_nulls_in_the_list(value: object, items: object, found: object) -> None:
    assert binary(value, "in", items) is found
    assert binary(value, "not in", items) is (None if found is None else not found)


def test_between_holds_both_ends() -> None:
    def between(value: object, negated: bool = False) -> object:
        expression = c.Between(value=constant(value), low=constant(1), high=constant(3), negated=negated)
        return evaluate(expression, Scope())

    assert [between(n) for n in (0, 1, 3, 4, None)] == [False, True, True, False, None]
    assert [between(n, negated=True) for n in (0, 1, None)] == [True, False, None]


def test_null_and_missing() -> None:
    null, missing, there = event(x=None), event(), event(x=1)
    for each, is_null, is_missing in [
        (null, True, False),
        (missing, True, True),
        (there, False, False),
    ]:
        scope = Scope(candidate=each)
        assert evaluate(c.IsNull(value=x), scope) is is_null
        assert evaluate(c.IsNull(value=x, missing=True), scope) is is_missing
        assert evaluate(c.IsNull(value=x, negated=True), scope) is not is_null


def test_a_condition_holds_only_when_true() -> None:
    condition = c.Binary(operator=">", left=x, right=constant(1))
    assert not holds(condition, Scope(candidate=event()))
    assert not holds(c.Unary(operator="not", operand=condition), Scope(candidate=event()))
    assert not holds(x, Scope(candidate=event(x=1)))
    assert holds(None, Scope())


def test_if_takes_the_alternative_where_unknown() -> None:
    expression = c.Conditional(
        condition=c.Binary(operator=">", left=x, right=constant(1)),
        consequence=constant("yes"),
        alternative=constant("no"),
    )
    assert evaluate(expression, Scope(candidate=event())) == "no"
    assert evaluate(expression, Scope(candidate=event(x=2))) == "yes"


def test_references_to_steps() -> None:
    scope = Scope(steps={"a": [event(x=1), event(), event(x=3)]})
    assert evaluate(c.StepValues(step="a", name="x"), scope) == [1, None, 3]
    assert evaluate(c.StepValues(step="b", name="x"), scope) == []

    def field(reference: c.EventReference) -> object:
        return evaluate(c.Field(event=reference, name="x"), scope)

    assert field(c.StepEvent(step="a", which="first")) == 1
    assert field(c.StepEvent(step="a", which="last")) == 3
    assert field(c.StepEventAt(step="a", index=constant(-3))) == 1
    assert field(c.StepEventAt(step="a", index=constant(3))) is None
    assert field(c.StepEvent(step="b")) is None
    assert field(c.PreviousEvent()) is None


@pytest.mark.parametrize(
    ("name", "arguments", "value"),
    [
        ("lower", ["Ab"], "ab"),
        ("upper", [None], None),
        ("trim", [" a "], "a"),
        ("length", ["abc"], 3),
        ("length", [[1, 2]], 2),
        ("contains", ["abc", "b"], True),
        ("contains", [[1, 2], 2.0], True),
        ("starts_with", ["abc", "b"], False),
        ("ends_with", ["abc", "c"], True),
        ("ends_with", ["abc", 1], None),
        ("abs", [-2], 2),
        ("floor", [-1.5], -2),
        ("ceil", [1.2], 2),
        ("round", [1.26, 1], 1.3),
        ("abs", ["a"], None),
    ],
)
def test_functions(name: str, arguments: list[object], value: object) -> None:
    call = c.Call(function=name, arguments=tuple(constant(each) for each in arguments))
    assert evaluate(call, Scope()) == value


@pytest.mark.parametrize(
    ("function", "values", "value"),
    [
        ("count", [], 0),
        ("sum", [], 0),
        ("avg", [], None),
        ("min", [], None),
        ("max", [], None),
        ("first", [], None),
        ("distinct", [], []),
        ("count_distinct", [], 0),
        ("sum", [1, 2], 3),
        ("sum", [1, 2.0], 3.0),
        ("sum", [1e16, 1.0, -1e16], 1.0),
        ("sum", [0.1] * 10, 1.0),
        ("sum", [1, "a", True], 1),
        ("avg", [1, 2], 1.5),
        ("avg", [2, 2], 2.0),
        ("min", ["b", "a"], "a"),
        ("max", [1, 2.5], 2.5),
        ("max", [1, "a", True], 1),
        ("max", ["a", True], "a"),
        ("max", [True], None),
        ("distinct", ["b", 1, "b", 1.0, True], ["b", 1, True]),
        ("count_distinct", ["b", 1, "b", 1.0, True], 3),
        ("last", [1, 2], 2),
    ],
)
def test_aggregates(function: str, values: list[object], value: object) -> None:
    found = aggregate(function, [values])
    assert found == value
    assert type(found) is type(value)


def test_aggregates_skip_nulls_and_what_their_filter_does_not_hold_for() -> None:
    scope = Scope(events=[event(x=1), event(), event(x=5)], candidate=event(x=9))
    condition = c.Binary(operator=">", left=x, right=constant(1))
    assert evaluate(c.Aggregate(function="count"), scope) == 3
    assert evaluate(c.Aggregate(function="count", where=condition), scope) == 1
    assert evaluate(c.Aggregate(function="sum", argument=x), scope) == 6
    assert evaluate(c.Aggregate(function="sum", argument=x, where=condition), scope) == 5


def test_numbers_are_one_key_and_bool_and_text_are_others() -> None:
    assert identity(1) == identity(1.0)
    assert len({identity(each) for each in (1, "1", True, None)}) == 4
    assert not same(1, True)
    assert sorted([("b"), True, 2, None, False, 1.5, "a"], key=identity) == [
        None, False, True, 1.5, 2, "a", "b",
    ]  # fmt: skip
