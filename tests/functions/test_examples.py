"""Every record is complete, and every example in one is true."""

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

import pytest

from cep.functions import (
    AGGREGATES,
    FUNCTIONS,
    AggregateExample,
    AggregateRecord,
    EvaluationError,
    Example,
    FunctionRecord,
)
from cep.functions.registry import _language
from cep.language import syntax
from cep.language.parser import parse_expression
from cep.types import ANY, EVENT, STRING, Type

SECTION_5 = [
    "lower",
    "upper",
    "trim",
    "length",
    "contains",
    "starts_with",
    "ends_with",
    "replace",
    "split",
    "substring",
    "format",
    "abs",
    "round",
    "floor",
    "ceil",
    "sqrt",
    "log",
    "exp",
    "clamp",
    "hour",
    "minute",
    "weekday",
    "date",
    "age",
    "trunc",
    "timestamp",
    "in_hours",
    "any",
    "all",
    "map",
    "filter",
    "keys",
    "values",
    "cidr",
    "distance_km",
    "speed_kmh",
    "sha256",
    "md5",
    "int",
    "float",
    "string",
    "bool",
    "time",
]
SECTION_4 = [
    "count",
    "sum",
    "avg",
    "min",
    "max",
    "range",
    "stddev",
    "variance",
    "median",
    "percentile",
    "distinct",
    "count_distinct",
    "first",
    "last",
    "nth",
    "collect",
    "top",
    "arg_max",
    "arg_min",
    "rate",
    "ewma",
    "zscore",
    "slope",
    "correlation",
]


def examples(records: Mapping[str, FunctionRecord | AggregateRecord]) -> list[Any]:
    return [
        pytest.param(record, example, id=example.text) for record in records.values() for example in record.examples
    ]


def same(found: Any, expected: Any) -> bool:
    """Floats of geography and logarithms come from the machine's mathematics library."""
    if isinstance(found, float) and isinstance(expected, float):
        return found == pytest.approx(expected, rel=1e-13, abs=0)
    return bool(found == expected) and type(found) is type(expected)


def test_all_functions_of_the_language_are_there() -> None:
    assert sorted(_language) == sorted(SECTION_5)
    assert sorted(AGGREGATES) == sorted([*SECTION_4, "approx_count_distinct", "approx_percentile"])


@pytest.mark.parametrize("record", [*_language.values(), *AGGREGATES.values()], ids=lambda r: r.name)
def test_a_record_says_everything(record: FunctionRecord | AggregateRecord) -> None:
    known = FUNCTIONS | AGGREGATES if isinstance(record, FunctionRecord) else AGGREGATES  # type: ignore[operator]
    assert known[record.name] is record
    assert record.doc.endswith(".")
    assert record.examples
    assert all(parameter.doc and parameter.types for parameter in record.parameters)
    assert all(not parameter.repeats for parameter in record.parameters[:-1])
    assert record.signature.startswith(f"{record.name}(")


@pytest.mark.parametrize(("record", "example"), examples(_language))
def test_function(record: FunctionRecord, example: Example) -> None:
    assert same(record.implementation(*example.arguments), example.expected)


@pytest.mark.parametrize(("record", "example"), examples(AGGREGATES))
def test_aggregate(record: AggregateRecord, example: AggregateExample) -> None:
    assert record.over_values is not None
    assert same(record.over_values(*example.columns, *example.parameters), example.expected)


@pytest.mark.parametrize(("record", "example"), examples(_language))
def test_the_text_of_an_example_says_what_its_arguments_are(record: FunctionRecord, example: Example) -> None:
    written = list(_literals(example.text, record))
    if record.takes_events or record.takes_event_time:
        return
    given = list(example.arguments)
    assert len(written) <= len(given)
    for literal, argument in zip(written, given, strict=False):
        assert literal is ... or literal == argument or _is_time(literal, argument)
    for parameter, argument in zip(record.parameters[len(written) :], given[len(written) :], strict=False):
        assert argument == parameter.default


@pytest.mark.parametrize(("record", "example"), examples(AGGREGATES))
def test_the_text_of_an_aggregates_example_says_what_its_parameters_are(
    record: AggregateRecord, example: AggregateExample
) -> None:
    written = [literal for literal in _literals(example.text, record) if literal is not ...]
    assert tuple(written) == example.parameters


def _literals(text: str, record: FunctionRecord | AggregateRecord) -> Iterator[Any]:
    """The arguments as values; ``...`` for names and lambdas."""
    parsed = parse_expression(text)
    assert parsed.diagnostics == ()
    assert isinstance(parsed.value, syntax.Call)
    assert parsed.value.function == record.name
    for argument in parsed.value.arguments:
        yield _value(argument.value)


def _value(node: syntax.Expression | syntax.Lambda) -> Any:
    match node:
        case syntax.Literal(value=value):
            return value
        case syntax.ListOf(items=items):
            return [_value(item) for item in items]
        case syntax.Name() | syntax.Lambda():
            return ...
    raise AssertionError(f"an example too complicated to read: {node}")


def _is_time(literal: Any, argument: Any) -> bool:
    as_time = FUNCTIONS["timestamp"].implementation
    return isinstance(argument, int) and as_time(literal) == argument


# ---- nulls and wrong types ----

WRONG: Sequence[Any] = (None, True, 7, 1.5, "text", [1], {"a": 1}, Decimal("2.5"), object())


@pytest.mark.parametrize(("record", "example"), examples(_language))
def test_a_null_gives_null(record: FunctionRecord, example: Example) -> None:
    if record.takes_events or record.takes_event_time:
        every = range(len(example.arguments))
    else:
        every = range(min(len(record.parameters), len(example.arguments)))
    for place in every:
        parameter = record.parameter(place)
        if not record.takes_events and parameter is not None and parameter.sees_null:
            continue
        if parameter is not None and parameter.kind == "lambda":
            continue
        arguments = [*example.arguments[:place], None, *example.arguments[place + 1 :]]
        assert record.implementation(*arguments) is None


@pytest.mark.parametrize(("record", "example"), examples(_language))
def test_no_argument_of_any_type_raises_anything_but_an_evaluation_error(
    record: FunctionRecord, example: Example
) -> None:
    for place in range(len(example.arguments)):
        if callable(example.arguments[place]) or (record.takes_event_time and place == 0):
            continue
        for wrong in WRONG:
            if callable(example.arguments[-1]) and isinstance(wrong, str | dict):
                continue
            arguments = [*example.arguments[:place], wrong, *example.arguments[place + 1 :]]
            with contextlib.suppress(EvaluationError):
                record.implementation(*arguments)


# ---- types ----


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        (("lower", "string"), "string"),
        (("lower", "string?"), "string?"),
        (("lower", "any"), "string?"),
        (("substring", "string", "int", "null"), "string"),
        (("format", "string", "int?"), "string"),
        (("round", "float", "null"), "int"),
        (("round", "float", "int"), "float"),
        (("abs", "duration"), "duration"),
        (("clamp", "int", "int", "float"), "float"),
        (("clamp", "decimal", "int", "int"), "decimal"),
        (("int", "float"), "int"),
        (("int", "string"), "int?"),
        (("string", "any"), "string?"),
        (("timestamp", "string", "null"), "timestamp?"),
        (("age", "timestamp"), "duration"),
        (("speed_kmh", "event", "event"), "float?"),
        (("time", "event"), "timestamp"),
        (("cidr", "ip", "string", "string"), "bool"),
    ],
)  # fmt: skip
def test_the_result_of_a_function(call: tuple[str, ...], expected: str) -> None:
    assert str(FUNCTIONS[call[0]].result([_type(text) for text in call[1:]])) == expected


def test_the_results_of_lambdas() -> None:
    numbers = Type("list", Type("int"))
    assert str(FUNCTIONS["map"].result([numbers, STRING])) == "list<string>"
    assert str(FUNCTIONS["filter"].result([numbers, Type("bool")])) == "list<int>"
    assert str(FUNCTIONS["any"].result([numbers, Type("bool")])) == "bool"
    assert str(FUNCTIONS["all"].result([numbers, Type("bool", optional=True)])) == "bool?"
    assert str(FUNCTIONS["map"].result([ANY, STRING])) == "list<string>?"


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        (("count",), "int"),
        (("sum", "int?"), "int"),
        (("sum", "float"), "float"),
        (("avg", "int"), "float?"),
        (("avg", "decimal"), "decimal?"),
        (("avg", "duration"), "duration?"),
        (("min", "string"), "string?"),
        (("range", "timestamp"), "duration?"),
        (("distinct", "ip?"), "list<ip>"),
        (("first", "any"), "any"),
        (("count_distinct", "any"), "int"),
        (("percentile", "int", "int"), "float?"),
        (("arg_max", "string", "int"), "string?"),
    ],
)
def test_the_result_of_an_aggregate(call: tuple[str, ...], expected: str) -> None:
    assert str(AGGREGATES[call[0]].result([_type(text) for text in call[1:]])) == expected


def test_what_a_parameter_accepts() -> None:
    text = FUNCTIONS["lower"].parameters[0]
    assert text.accepts(STRING)
    assert text.accepts(Type("ip"))
    assert text.accepts(ANY)
    assert not text.accepts(Type("int"))
    assert AGGREGATES["sum"].parameters[0].accepts(Type("int", optional=True))
    assert not AGGREGATES["sum"].parameters[0].accepts(Type("timestamp"))
    assert not FUNCTIONS["string"].parameters[0].accepts(EVENT)
    assert FUNCTIONS["cidr"].parameter(3) is FUNCTIONS["cidr"].parameters[1]
    assert FUNCTIONS["lower"].parameter(1) is None


def test_times_are_shown_as_text_where_their_type_is_known() -> None:
    from cep.functions.families import conversion

    string, formatted = FUNCTIONS["string"], FUNCTIONS["format"]
    assert string.implementation_for([Type("timestamp")])(0) == "1970-01-01T00:00:00Z"
    assert string.implementation_for([Type("duration")])(90_000_000) == "1m30s"
    assert string.implementation_for([Type("duration")])(None) is None
    assert string.implementation_for([Type("int")]) is conversion.to_string
    shown = formatted.implementation_for([STRING, Type("duration"), Type("int")])
    assert shown("{} {}", 60_000_000, 60_000_000) == "1m 60000000"
    assert FUNCTIONS["timestamp"].implementation_for([Type("timestamp"), Type("null")])(5, None) == 5


def _type(text: str) -> Type:
    return Type(text.removesuffix("?"), optional=text.endswith("?"))
