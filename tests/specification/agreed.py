"""Expected values of pattern forms, held against the oracle and against the engine.

The values are worked out by hand from the specification, and both must agree with them. Streams are written as in
:mod:`tests.specification.scenario`, without ``->``.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal

from cep.timestamps import SECOND_US, parse_time
from tests.oracle import letters
from tests.specification.scenario import ZERO_US, play

End = Literal["finish", "flush"]


def check(rules: str, events: str, expected: list[str], end: End = "finish") -> None:
    """The rules derive these from the stream: ``"a1 b1 @5"`` each."""
    assert letters.found(rules, events, "flush" if end == "flush" else "keep") == expected, "the oracle disagrees"
    assert play(rules, events, end=end).found == expected


def check_values(rules: str, events: str, expected: dict[str, list[Any]], end: End = "finish") -> None:
    """The fields of what is derived: a list for each field, one item for each derived event.

    A field ``deadline`` is given in seconds of the scenario: events carry it as text, and the oracle in microseconds.
    """
    derived = letters.result(rules, events, "flush" if end == "flush" else "keep").derived
    assert _columns([each.fields for each in derived], expected, 0) == expected, "the oracle disagrees"
    played = play(rules, events, end=end)
    assert _columns([each.fields for each in played.derived], expected, ZERO_US) == expected


def _columns(rows: list[dict[str, Any]], names: Iterable[str], zero_us: int) -> dict[str, list[Any]]:
    return {name: [_value(row, name, zero_us) for row in rows] for name in names}


def _value(row: dict[str, Any], name: str, zero_us: int) -> Any:
    value = row[name]
    if name != "deadline":
        return value
    return ((parse_time(value) if isinstance(value, str) else value) - zero_us) // SECOND_US


def check_types(rules: str, events: str, expected: list[str], end: End = "finish") -> None:
    """The same as :func:`check` with the type of each derived event before it: ``"X a1 b1 @5"``."""
    derived = letters.result(rules, events, "flush" if end == "flush" else "keep").derived
    shown = letters.found(rules, events, "flush" if end == "flush" else "keep")
    assert [f"{d.type} {text}" for d, text in zip(derived, shown, strict=True)] == expected, "the oracle disagrees"
    played = play(rules, events, end=end)
    assert [f"{d.type} {text}" for d, text in zip(played.derived, played.found, strict=True)] == expected
