"""Conditions and values in English where that reads well, in the rule's own words where it does not. Plan layer.

``outcome == "failure"`` is ``outcome equal to "failure"`` behind a noun and ``outcome is "failure"`` as a sentence.
What is more than comparisons and their `and` stays code in backticks, so that nothing is told that is not exactly so.
"""

from __future__ import annotations

from collections.abc import Sequence

from cep.language import checked as c
from cep.language.words import quoted
from cep.plan.english.wording import listed, ordinal
from cep.plan.expression_text import aggregate_text, expression_text, window_text
from cep.plan.walk import conjuncts

__all__ = ["becomes_true", "clause", "such_that", "value", "whole_clause"]

_BEHIND_A_NOUN = {
    "==": "equal to", "!=": "other than", "<": "less than", "<=": "at most", ">": "greater than", ">=": "at least",
    "in": "among", "not in": "not among", "like": "like", "not like": "not like",
    "matches": "matching", "not matches": "not matching",
}  # fmt: skip
_AS_A_SENTENCE = {
    "==": "is", "!=": "is not", "<": "is less than", "<=": "is at most", ">": "is greater than", ">=": "is at least",
    "in": "is among", "not in": "is not among", "like": "is like", "not like": "is not like",
    "matches": "matches", "not matches": "does not match",
    "crosses above": "crosses above", "crosses below": "crosses below",
}  # fmt: skip
_MIRRORED = {"==": "==", "!=": "!=", "<": ">", "<=": ">=", ">": "<", ">=": "<="}

_AGGREGATES = {
    "sum": "the sum of {x}", "avg": "the average of {x}", "min": "the smallest {x}", "max": "the largest {x}",
    "range": "the range of {x}", "stddev": "the standard deviation of {x}", "variance": "the variance of {x}",
    "median": "the median of {x}", "distinct": "the different values of {x}",
    "count_distinct": "the number of different values of {x}", "first": "the first {x}", "last": "the last {x}",
    "collect": "all values of {x}", "slope": "the slope of {x}", "zscore": "the z-score of {x}",
}  # fmt: skip


# ---- values ----


def value(expression: c.Expression) -> str:
    """A value as a noun: a field's name, a constant, an aggregate; anything else as code."""
    match expression:
        case c.Constant():
            return _constant(expression)
        case c.Field(event=c.Candidate()):
            return quoted(expression.name)
        case c.KeyValue():
            return quoted(expression.name)
        case c.Aggregate():
            return _aggregate(expression)
    return code(expression)


def code(expression: c.Expression) -> str:
    """The expression in backticks; without a second pair where it is a quoted name."""
    text = expression_text(expression)
    return text if text.startswith("`") and text.endswith("`") and text.count("`") == 2 else f"`{text}`"


def _constant(constant: c.Constant) -> str:
    if isinstance(constant.value, tuple) and constant.value and constant.type.item is not None:
        items = [expression_text(c.Constant(item, constant.type.item)) for item in constant.value]  # type: ignore[arg-type]
        return listed(items, "and")
    return expression_text(constant)


def _aggregate(aggregate: c.Aggregate) -> str:
    """``the sum of amount``; what has no words of its own as code."""
    events = "events" if aggregate.step is None else f"events of `{aggregate.step}`"
    over = "" if aggregate.over is None else f" over {_own_window(aggregate.over)}"
    if aggregate.function == "count" and aggregate.argument is None:
        which = "" if aggregate.where is None else such_that(conjuncts(aggregate.where))
        return f"the number of {events}{which}{over}"
    words = _AGGREGATES.get(aggregate.function)
    if aggregate.function == "percentile" and isinstance(aggregate.parameters[0], c.Constant):
        percent = aggregate.parameters[0].value
        words = f"the {ordinal(percent)} percentile of {{x}}" if isinstance(percent, int) else None
    elif aggregate.parameters:
        words = None
    if words is None or aggregate.argument is None or not _plain(aggregate.argument):
        return f"`{aggregate_text(aggregate)}`"
    x = value(aggregate.argument) if aggregate.step is None else code_of_step(aggregate)
    which = "" if aggregate.where is None else f" of the {events}{such_that(conjuncts(aggregate.where))}"
    return words.format(x=x) + which + over


def code_of_step(aggregate: c.Aggregate) -> str:
    """``fails.ip``: what an aggregate over the events of a step takes."""
    assert aggregate.argument is not None
    assert aggregate.step is not None
    return f"`{expression_text(aggregate.argument, quoted(aggregate.step))}`"


def _own_window(window: c.CheckedWindow) -> str:
    if window.kind in ("last_time", "last_count"):
        return f"the {window_text(window)}"
    return f"`{window_text(window)}`"


def _plain(expression: c.Expression) -> bool:
    return isinstance(expression, (c.Constant, c.Field, c.KeyValue, c.StepValues))


# ---- conditions behind a noun ----


def such_that(conditions: Sequence[c.Expression]) -> str:
    """`` with outcome equal to "failure" and for which `a + b > 3```; begins with a blank, empty without conditions."""
    told: list[str] = []
    rest: list[c.Expression] = []
    for condition in conditions:
        words = _quality(condition)
        if words is None:
            rest.append(condition)
        else:
            told.append(words)
    text = f" with {listed(told, 'and')}" if told else ""
    if rest:
        joint = rest[0] if len(rest) == 1 else _conjunction(rest)
        text += f"{' and' if told else ''} for which {code(joint)} is true"
    return text


def _conjunction(parts: Sequence[c.Expression]) -> c.Expression:
    whole = parts[0]
    for part in parts[1:]:
        whole = c.Binary("and", whole, part)
    return whole


def _quality(condition: c.Expression) -> str | None:
    """``outcome equal to "failure"``; null where it is better said as code."""
    match condition:
        case c.Binary(operator=operator, left=c.Constant(), right=right) if operator in _MIRRORED:
            return _quality(c.Binary(_MIRRORED[operator], right, condition.left))
        case c.Binary(left=c.Field(event=c.Candidate())) if condition.operator in _BEHIND_A_NOUN:
            return f"{value(condition.left)} {_BEHIND_A_NOUN[condition.operator]} {value(condition.right)}"
        case c.Between(value=c.Field(event=c.Candidate())):
            return _between(condition)
        case c.IsNull(value=c.Field(event=c.Candidate()) as field):
            return f"{quoted(field.name)} {_presence(condition)}"
        case c.Field(event=c.Candidate()):
            return f"{quoted(condition.name)} true"
        case c.Unary(operator="not", operand=c.Field(event=c.Candidate()) as field):
            return f"{quoted(field.name)} false"
    return None


def _between(condition: c.Between) -> str:
    low, high = value(condition.low), value(condition.high)
    return f"{value(condition.value)} {'not ' * condition.negated}between {low} and {high} (inclusive)"


def _presence(condition: c.IsNull) -> str:
    if condition.missing:
        return "not missing" if condition.negated else "missing"
    return "present and not null" if condition.negated else "missing or null"


# ---- conditions as sentences ----


def clause(condition: c.Expression) -> str | None:
    """``the sum of amount is greater than 5``; null where it is better said as code."""
    match condition:
        case c.Binary(operator=operator, left=c.Constant(), right=right) if operator in _MIRRORED:
            return clause(c.Binary(_MIRRORED[operator], right, condition.left))
        case c.Binary(operator=operator) if operator in _AS_A_SENTENCE:
            return f"{value(condition.left)} {_AS_A_SENTENCE[operator]} {value(condition.right)}"
        case c.Between():
            low, high = value(condition.low), value(condition.high)
            is_ = "is not" if condition.negated else "is"
            return f"{value(condition.value)} {is_} between {low} and {high} (inclusive)"
        case c.IsNull():
            return f"{value(condition.value)} is {_presence(condition)}"
    return None


def becomes_true(condition: c.Expression) -> str:
    """``it becomes true that …``; of code, that it becomes true."""
    told = whole_clause(condition)
    return (
        f"{told.removesuffix(' is true')} becomes true"
        if told == f"{code(condition)} is true"
        else (f"it becomes true that {told}")
    )


def whole_clause(condition: c.Expression) -> str:
    """A condition as a sentence: its conjuncts in words if all have some, and else as code that "is true"."""
    parts = conjuncts(condition)
    words = [clause(part) for part in parts]
    if len(parts) <= 3 and all(words):
        return listed([word for word in words if word], "and")
    return f"{code(condition)} is true"
