"""The aggregates of the rule language as records. Core layer. What each computes is in ``definitions``."""

from __future__ import annotations

from collections.abc import Sequence

from cep.functions.definitions import (
    arg_max,
    arg_min,
    collect,
    correlation,
    count,
    count_distinct,
    distinct,
    ewma,
    first,
    largest,
    last,
    mean,
    median,
    nth,
    percentile,
    rate,
    slope,
    smallest,
    spread,
    stddev,
    top,
    total,
    variance,
    zscore,
)
from cep.functions.definitions import whole_us as whole_us
from cep.functions.exact import usable
from cep.functions.records import (
    NUMBER,
    QUANTITY,
    AggregateExample,
    AggregateRecord,
    ParameterRecord,
    first_type,
)
from cep.functions.sketches import approx_count_distinct, approx_percentile
from cep.timestamps import SECOND_US
from cep.types import ANY, BOOL, DURATION, FLOAT, INT, STRING, TIMESTAMP, Type, list_of


def _mean_type(types: Sequence[Type]) -> Type:
    given = first_type(types)
    return given if given.name in ("decimal", "duration", "timestamp", "any") else FLOAT


def _float_type(types: Sequence[Type]) -> Type:
    return DURATION if first_type(types).name in ("duration", "timestamp") else FLOAT


def _range_type(types: Sequence[Type]) -> Type:
    given = first_type(types)
    return DURATION if given.name == "timestamp" else given


def _list_type(types: Sequence[Type]) -> Type:
    return list_of(first_type(types))


def _percent_error(p: object) -> str | None:
    return None if usable(p) and 0 <= p <= 100 else f"a percentage is between 0 and 100, not {p}"  # type: ignore[operator]


def _number_error(n: object) -> str | None:
    return None if isinstance(n, int) and n >= 1 else f"`top` lists at least one value, not {n}"


def _half_life_error(half_life_us: object) -> str | None:
    return None if isinstance(half_life_us, int) and half_life_us > 0 else "a half-life is longer than nothing"


_MEASURE = (*QUANTITY, TIMESTAMP)
_X = ParameterRecord("x", (ANY,), "the value at each event")
_SUMMAND = ParameterRecord("x", QUANTITY, "the number at each event")
_NUMBER = ParameterRecord("x", NUMBER, "the number at each event")
_MEASURED = ParameterRecord("x", _MEASURE, "the number, duration or time at each event")
_ORDERED = ParameterRecord("x", (*_MEASURE, STRING), "the number, time or text at each event")
_PERCENT = ParameterRecord("p", NUMBER, "percent, 0 to 100", constant=True, check=_percent_error)
_BY = ParameterRecord("y", (*_MEASURE, STRING), "what ranks the events")

AGGREGATES: dict[str, AggregateRecord] = {
    "count": AggregateRecord(
        "count", (ParameterRecord("condition", (BOOL,), "which events count", None),), INT,
        "How many events there are, or for how many the condition is true.",
        (AggregateExample("count()", ([True, True, True],), 3),), count, empty=0,
    ),
    "sum": AggregateRecord(
        "sum", (_SUMMAND,), first_type,
        "The sum, exact and rounded once: ints give an int, decimals and ints a decimal. 0 of "
        "nothing. Fails when it does not fit.",
        (
            AggregateExample("sum(amount)", ([1, None, 2],), 3),
            AggregateExample("sum(amount)", ([1e16, 1.0, -1e16],), 1.0),
            AggregateExample("sum(amount)", ([],), 0),
        ), total, empty=0,
    ),
    "avg": AggregateRecord(
        "avg", (_MEASURED,), _mean_type, "The mean, exact and rounded once.",
        (AggregateExample("avg(amount)", ([1, 2, None],), 1.5),), mean,
    ),
    "min": AggregateRecord(
        "min", (_ORDERED,), first_type,
        "The smallest number, time or text. Where numbers and text are mixed the text is skipped.",
        (
            AggregateExample("min(amount)", ([3, None, 1.5],), 1.5),
            AggregateExample("min(user)", (["bob", "ann"],), "ann"),
        ), smallest,
    ),
    "max": AggregateRecord(
        "max", (_ORDERED,), first_type,
        "The largest number, time or text. Where numbers and text are mixed the text is skipped.",
        (AggregateExample("max(amount)", ([3, None, 1.5],), 3),), largest,
    ),
    "range": AggregateRecord(
        "range", (_MEASURED,), _range_type, "The largest less the smallest.",
        (AggregateExample("range(amount)", ([3, 10, 4],), 7),), spread,
    ),
    "stddev": AggregateRecord(
        "stddev", (_MEASURED,), _float_type,
        "The standard deviation of a sample (n − 1). Null below two values.",
        (AggregateExample("stddev(amount)", ([2, 4, 4, 4, 5, 5, 7, 9, 5],), 2.0),), stddev,
    ),
    "variance": AggregateRecord(
        "variance", (_NUMBER,), FLOAT, "The variance of a sample (n − 1). Null below two values.",
        (AggregateExample("variance(amount)", ([1, 2, 3, 4],), 5 / 3),), variance,
    ),
    "median": AggregateRecord(
        "median", (_MEASURED,), _mean_type,
        "The value in the middle, or the mean of the two in the middle.",
        (
            AggregateExample("median(ms)", ([5, 1, 3],), 3.0),
            AggregateExample("median(ms)", ([1, 2],), 1.5),
        ), median,
    ),
    "percentile": AggregateRecord(
        "percentile",
        (_MEASURED, _PERCENT), _mean_type,
        "The value that `p` percent of the values do not exceed; between two neighbours in "
        "proportion.",
        (AggregateExample("percentile(ms, 95)", ([10, 20, 30, 40, 50],), 48.0, (95,)),), percentile,
    ),
    "distinct": AggregateRecord(
        "distinct", (_X,), _list_type,
        "The different values, in the order of their first appearance. 1 and 1.0 are the same.",
        (AggregateExample("distinct(ip)", (["b", "a", None, "b"],), ["b", "a"]),), distinct, empty=(),
    ),
    "count_distinct": AggregateRecord(
        "count_distinct", (_X,), INT, "How many different values there are.",
        (AggregateExample("count_distinct(ip)", (["b", "a", None, "b"],), 2),), count_distinct,
        empty=0,
    ),
    "first": AggregateRecord(
        "first", (_X,), first_type, "The first value that is not null.",
        (AggregateExample("first(ip)", ([None, "a", "b"],), "a"),), first,
    ),
    "last": AggregateRecord(
        "last", (_X,), first_type, "The last value that is not null.",
        (AggregateExample("last(ip)", (["a", "b", None],), "b"),), last,
    ),
    "nth": AggregateRecord(
        "nth", (_X, ParameterRecord("n", (INT,), "from 0; negative from the end", constant=True)),
        first_type, "The value at a place among those that are not null; null outside.",
        (
            AggregateExample("nth(ip, 1)", (["a", None, "b"],), "b", (1,)),
            AggregateExample("nth(ip, -3)", (["a", "b"],), None, (-3,)),
        ), nth,
    ),
    "collect": AggregateRecord(
        "collect", (_X,), _list_type, "All values that are not null, in the order of the events.",
        (AggregateExample("collect(ip)", (["a", None, "a"],), ["a", "a"]),), collect, empty=(),
    ),
    "top": AggregateRecord(
        "top",
        (
            _X, ParameterRecord("n", (INT,), "how many, at least 1", constant=True, check=_number_error),
            ParameterRecord("rank", NUMBER, "an aggregate to rank by; null: the count", None),
        ), list_of(Type("map", ANY)),
        "The `n` most frequent values, as maps of `value` and `count`; ties by value. With `rank` "
        "those for which that aggregate is largest, as maps that hold it too, under its name.",
        (
            AggregateExample("top(ip, 1)", (["a", "b", "b"],), [{"value": "b", "count": 2}], (1,)),
        ), top, empty=(),
    ),
    "arg_max": AggregateRecord(
        "arg_max", (_X, _BY), first_type,
        "The `x` of the first event at which `y` is largest, among the events that have both.",
        (AggregateExample("arg_max(user, amount)", (["ann", "bob"], [5, 9]), "bob"),), arg_max,
    ),
    "arg_min": AggregateRecord(
        "arg_min", (_X, _BY), first_type,
        "The `x` of the first event at which `y` is smallest, among the events that have both.",
        (AggregateExample("arg_min(user, amount)", (["ann", "bob"], [5, 9]), "ann"),), arg_min,
    ),
    "rate": AggregateRecord(
        "rate", (ParameterRecord("condition", (BOOL,), "which events count", None),), FLOAT,
        "Events per second: by the length of the window where that is a time; else those after the "
        "first by the time since it, null below two events and when all have the same time.",
        (AggregateExample("rate()", ([0, SECOND_US, 2 * SECOND_US],), 1.0),), rate, times=True,
    ),
    "ewma": AggregateRecord(
        "ewma",
        (
            _NUMBER,
            ParameterRecord("half_life", (DURATION,), "positive", constant=True,
                            check=_half_life_error),
        ), FLOAT,
        "The mean in which a number weighs half as much with every `half_life` by which it is older "
        "than the last.",
        (
            AggregateExample("ewma(x, 1 minute)", ([0.0, 9.0], [0, 60 * SECOND_US]), 6.0,
                             (60 * SECOND_US,)),
        ), ewma, times=True,
    ),
    "zscore": AggregateRecord(
        "zscore", (_NUMBER,), FLOAT,
        "How many standard deviations the last value lies above the mean of all. Null when they "
        "are all equal.",
        (AggregateExample("zscore(amount)", ([1, 2, 3],), 1.0),), zscore,
    ),
    "slope": AggregateRecord(
        "slope", (_NUMBER,), FLOAT,
        "The slope of the straight line that fits best over event time, per second.",
        (AggregateExample("slope(x)", ([1, 2, 3], [0, SECOND_US, 2 * SECOND_US]), 1.0),), slope,
        times=True,
    ),
    "correlation": AggregateRecord(
        "correlation", (_NUMBER, ParameterRecord("y", NUMBER, "the other number")), FLOAT,
        "Pearson's correlation of two numbers over the events that have both, -1 to 1.",
        (AggregateExample("correlation(x, y)", ([1, 2, 3], [2, 4, 6]), 1.0),), correlation,
    ),
    "approx_count_distinct": AggregateRecord(
        "approx_count_distinct", (_X,), INT,
        "How many different values there are, in a space that does not grow: a HyperLogLog with a "
        "standard error of 1.6 %.",
        (AggregateExample("approx_count_distinct(ip)", (["b", "a", None, "b"],), 2),),
        approx_count_distinct, empty=0,
    ),
    "approx_percentile": AggregateRecord(
        "approx_percentile",
        (ParameterRecord("x", QUANTITY, "the number or duration at each event"), _PERCENT), _float_type,
        "The number that `p` percent do not exceed, within 1 % of its size, in a space that does not "
        "grow: a DDSketch. Not between two neighbours but the lower one.",
        (AggregateExample("approx_percentile(ms, 95)", ([10, 20, 30, 40, 50],),
                          40.0477705332636, (95,)),), approx_percentile,
    ),
}  # fmt: skip
