"""Results as a person reads them: what was expected beside what came. Testing layer. Text only, no terminal.

Marks stand before both sides: ``!`` differs, ``-`` is missing, ``+`` was not expected; what agrees has none. Colours
come from outside, so that the text says the same without them.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from cep.diagnostics import visible
from cep.durations import format_duration
from cep.event import DerivedEvent
from cep.language.printer import print_time, print_timed_event
from cep.language.syntax import EmitField, Expression, ListOf, Literal, MapOf, TimedEvent
from cep.testing.results import Expected, Outcomes, Pair, Problem, RuleTestResult
from cep.timestamps import format_time

Paint = Callable[[str, str], str]
"""A text and the style it is to have: ``good``, ``error``, ``warning``, ``strong``, ``dim``."""

_WIDEST = 60
_BREAK = "\x1f"  # where a long event is broken into lines; json_text never holds it
_MARKS = {"same": " ", "different": "!", "missing": "-", "unexpected": "+"}
_STYLES = {"same": "dim", "different": "error", "missing": "error", "unexpected": "error"}


def plain(text: str, style: str) -> str:
    """The text without a colour."""
    return text


def tell_result(result: RuleTestResult, paint: Paint = plain) -> str:
    """A heading; where it failed, the problems, both sides, and what is known about the reasons."""
    return "\n".join([heading(result, paint), *_details(result, paint)])


def heading(result: RuleTestResult, paint: Paint = plain) -> str:
    """``FAILED  the third failure raises one alert  rules/brute.cep:12``."""
    word = {"passed": "ok     ", "failed": "FAILED ", "skipped": "skipped"}[result.outcome]
    style = {"passed": "good", "failed": "error", "skipped": "warning"}[result.outcome]
    why = f": {visible(result.skipped)}" if result.skipped is not None else ""
    place = paint(f"{visible(result.span.file)}:{result.span.line}", "dim")
    return f"{paint(word, style)} {paint(visible(result.name), 'strong')}{why}  {place}"


def _details(result: RuleTestResult, paint: Paint) -> Iterator[str]:
    if result.outcome != "failed":
        return
    for problem in result.problems:
        yield f"  {paint('problem', 'error')}: {tell_problem(problem)}"
    if any(pair.kind != "same" for pair in result.pairs):
        yield from _table(result, paint)
    for pair in result.pairs:
        for reason in pair.reasons:
            assert pair.expected is not None
            yield f"  {paint('missing', 'warning')}: {pair.expected.type}: {visible(reason)}"
    for note in result.notes:
        yield f"  {paint('note', 'warning')}: {note}"


def tell_problem(problem: Problem) -> str:
    """One line, with the place and what to write instead."""
    code = f"[{problem.code}] " if problem.code else ""
    hint = f"; {problem.hint}" if problem.hint else ""
    return visible(f"{problem.span.file}:{problem.span.line}: {code}{problem.message}{hint}")


# ---- both sides ----


def _table(result: RuleTestResult, paint: Paint) -> Iterator[str]:
    rows = [row for pair in result.pairs for row in _rows(pair, result.zero_us)]
    width = min(_WIDEST, max([len("expected"), *(len(left) for _, left, _, _ in rows)]))
    yield f"    {paint('expected'.ljust(width), 'strong')}   {paint('actual', 'strong')}"
    for mark, left, right, style in rows:
        text = f"  {mark} {left.ljust(width)}   {right}".rstrip()
        yield paint(text, style) if style else text


def _rows(pair: Pair, zero_us: int) -> Iterator[tuple[str, str, str, str]]:
    """Mark, both sides, and style of each line of a pair."""
    mark, style = _MARKS[pair.kind], _STYLES[pair.kind]
    expected, actual = pair.expected, pair.actual
    if expected is None or actual is None:
        sides = (
            (_whole(expected, zero_us), "(did not come)") if expected else ("(not expected)", _came(actual, zero_us))
        )
        yield from _wrapped(mark, sides, style)
        return
    if pair.kind == "same":
        yield from _wrapped(mark, (_whole(expected, zero_us), _whole(expected, zero_us)), style)
        return
    late = "time" in pair.differences
    heads = (f"{_at(expected.time_us, zero_us)} {expected.type}", f"{_at(actual.time_us, zero_us)} {actual.type}")
    yield ("!" if late else " ", *heads, style if late else "")
    for name, value in expected.fields.items():
        differs = name in pair.differences
        left = f"  {name} = {json_text(value)}"
        right = f"  {name} = {json_text(actual.fields[name])}" if name in actual.fields else f"  {name} is missing"
        yield ("!" if differs else " ", visible(left), visible(right), style if differs else "")


def _wrapped(mark: str, sides: tuple[str, str], style: str) -> Iterator[tuple[str, str, str, str]]:
    """Long events take a line for each field."""
    columns = [_lines(side) for side in sides]
    for number in range(max(map(len, columns))):
        left, right = (column[number] if number < len(column) else "" for column in columns)
        yield (mark, visible(left), visible(right), style)


def _lines(text: str) -> list[str]:
    one = text.replace(_BREAK, "")
    return text.replace(_BREAK, "\n  ").split("\n") if len(one) > _WIDEST else [one]


def _whole(expected: Expected, zero_us: int) -> str:
    return _event(expected.type, expected.time_us, zero_us, expected.fields)


def _came(actual: DerivedEvent | None, zero_us: int) -> str:
    assert actual is not None
    return _event(actual.type, actual.time_us, zero_us, actual.fields)


def _event(event_type: str, time_us: int, zero_us: int, fields: Mapping[str, Any]) -> str:
    """``299s BruteForce(user = "ann")``, with marks where it may be broken."""
    head = f"{_at(time_us, zero_us)} {event_type}"
    if not fields:
        return head
    inside = ", ".join(f"{_BREAK}{name} = {json_text(value)}" for name, value in fields.items())
    return f"{head}({inside})"


def _at(time_us: int, zero_us: int) -> str:
    """The time as a test writes it; before its zero as it is."""
    return short_time(time_us - zero_us) if time_us >= zero_us else format_time(time_us)


def short_time(us: int) -> str:
    """``299s``, ``30m``."""
    text = print_time(us)
    return format_duration(us) if " " in text else text


def json_text(value: Any) -> str:
    """A JSON value on one line."""
    return json.dumps(value, ensure_ascii=False)


# ---- the language ----


def literal(value: Any) -> Expression:
    """A JSON value as the language writes it in a test."""
    match value:
        case None:
            return Literal(None, "null")
        case bool():
            return Literal(value, "bool")
        case int():
            return Literal(value, "int")
        case float():
            return Literal(value, "float")
        case str():
            return Literal(value, "string")
        case list() | tuple():
            return ListOf(tuple(map(literal, value)))
        case dict():
            return MapOf(tuple((str(name), literal(item)) for name, item in value.items()))
    return Literal(str(value), "string")


def written(derived: DerivedEvent, zero_us: int) -> str:
    """A derived event as a row of ``expect``."""
    fields = tuple(EmitField(literal(value), name) for name, value in derived.fields.items())
    return print_timed_event(TimedEvent(derived.type, fields, derived.time_us - zero_us))


# ---- all of them ----


def tell_summary(outcomes: Outcomes, paint: Paint = plain) -> str:
    """``12 tests: 11 passed, 1 failed in 0.12 s``, and how many rules lack a test of either kind."""
    counts = [f"{outcomes.count(kind):,} {kind}" for kind in ("passed", "failed", "skipped") if outcomes.count(kind)]
    if outcomes.left:
        counts.append(f"{outcomes.left:,} not run")
    total = len(outcomes.results) + outcomes.left
    if not total:
        return paint("no tests: `cep test RULES --suggest NAME` writes two for a rule", "strong")
    text = f"{total:,} test{'' if total == 1 else 's'}: {', '.join(counts) or 'none'} in {outcomes.seconds:.2f} s"
    return paint(text, "strong" if outcomes.passed else "error")


def tell_coverage(outcomes: Outcomes, with_names: bool) -> list[str]:
    """A line for each kind of test that rules lack; with the names where they are asked for."""
    told = []
    for kind, names in (
        ("expects it to fire", outcomes.coverage.without_positive),
        ("expects it to stay silent", outcomes.coverage.without_negative),
    ):
        if names:
            rules = "1 rule has" if len(names) == 1 else f"{len(names):,} of {outcomes.coverage.rules:,} rules have"
            told.append(f"{rules} no test that {kind.replace('it', 'it' if len(names) == 1 else 'them', 1)}")
            if with_names:
                told += [f"  {visible(name)}" for name in names]
    return told


def tell_all(results: Sequence[RuleTestResult], verbose: bool, paint: Paint = plain) -> list[str]:
    """The failures and what was skipped; all of them where ``verbose``."""
    return [tell_result(result, paint) for result in results if verbose or result.outcome != "passed"]
