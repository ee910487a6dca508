"""Derived events against what a test expects: which belongs to which, and what differs. Testing layer.

Only the fields that were written are compared. Numbers are equal when they agree to nine digits, text that a rule emits
as a time or a decimal when it means the same. What is left over on either side is missing or unexpected; the events
keep their order, and the pairing with the fewest differences is shown.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

from cep.event import DerivedEvent
from cep.testing.results import Expected, Pair
from cep.timestamps import parse_time
from cep.types import ANY, Type

_MOST_CELLS = 250_000
_DIGITS = 1e-9

FieldTypes = Callable[[DerivedEvent, str], Type]


def compare(expected: Sequence[Expected], actual: Sequence[DerivedEvent], types: FieldTypes) -> list[Pair]:
    """The pairs, in order. Costs the product of both lengths, less what agrees at the beginning and the end."""
    start = 0
    while start < min(len(expected), len(actual)) and not _differences(expected[start], actual[start], types):
        start += 1
    stop = 0
    while (
        stop < min(len(expected), len(actual)) - start
        and not _differences(expected[-1 - stop], actual[-1 - stop], types)
    ):  # fmt: skip
        stop += 1
    middle = _aligned(expected[start : len(expected) - stop], actual[start : len(actual) - stop], types)
    same = [Pair(e, a) for e, a in zip(expected[:start], actual[:start], strict=True)]
    last = [] if not stop else [Pair(e, a) for e, a in zip(expected[-stop:], actual[-stop:], strict=True)]
    return [*same, *middle, *last]


def in_another_order(pairs: Sequence[Pair], types: FieldTypes) -> bool:
    """Whether all that is missing did come, only in another order."""
    missing = [pair.expected for pair in pairs if pair.actual is None and pair.expected is not None]
    unexpected = [pair.actual for pair in pairs if pair.expected is None and pair.actual is not None]
    if not missing or len(missing) != len(unexpected) or any(pair.kind == "different" for pair in pairs):
        return False
    for each in missing:
        found = next((a for a in unexpected if not _differences(each, a, types)), None)
        if found is None:
            return False
        unexpected.remove(found)
    return True


def _differences(expected: Expected, actual: DerivedEvent, types: FieldTypes) -> tuple[str, ...]:
    if expected.type != actual.type:
        return ("type",)
    found = ["time"] if expected.time_us != actual.time_us else []
    for name, value in expected.fields.items():
        if not equal(value, actual.fields.get(name), types(actual, name)):
            found.append(name)
    return tuple(found)


def _aligned(expected: Sequence[Expected], actual: Sequence[DerivedEvent], types: FieldTypes) -> list[Pair]:
    """The cheapest pairing: a missing or unexpected event costs 1, a pair more the more of it differs, below 2."""
    rows, columns = len(expected), len(actual)
    if rows * columns > _MOST_CELLS:
        return _side_by_side(expected, actual, types)
    differ = [[_differences(e, a, types) for a in actual] for e in expected]
    cost = [[0.0] * (columns + 1) for _ in range(rows + 1)]
    for i in range(rows, -1, -1):
        for j in range(columns, -1, -1):
            if i == rows or j == columns:
                cost[i][j] = float(rows - i + columns - j)
                continue
            paired = _cost(differ[i][j], expected[i]) + cost[i + 1][j + 1]
            cost[i][j] = min(paired, 1 + cost[i + 1][j], 1 + cost[i][j + 1])
    pairs: list[Pair] = []
    i = j = 0
    while i < rows or j < columns:
        if i < rows and j < columns and cost[i][j] == _cost(differ[i][j], expected[i]) + cost[i + 1][j + 1]:
            pairs.append(Pair(expected[i], actual[j], differ[i][j]))
            i, j = i + 1, j + 1
        elif i < rows and (j == columns or cost[i][j] == 1 + cost[i + 1][j]):
            pairs.append(Pair(expected[i], None))
            i += 1
        else:
            pairs.append(Pair(None, actual[j]))
            j += 1
    return pairs


def _cost(differences: Sequence[str], expected: Expected) -> float:
    if not differences:
        return 0.0
    if differences[0] == "type":
        return math.inf
    return 0.5 + len(differences) / (len(expected.fields) + 1)


def _side_by_side(expected: Sequence[Expected], actual: Sequence[DerivedEvent], types: FieldTypes) -> list[Pair]:
    pairs = []
    for number in range(max(len(expected), len(actual))):
        left = expected[number] if number < len(expected) else None
        right = actual[number] if number < len(actual) else None
        if left is None or right is None:
            pairs.append(Pair(left, right))
        elif left.type != right.type:
            pairs += [Pair(left, None), Pair(None, right)]
        else:
            pairs.append(Pair(left, right, _differences(left, right, types)))
    return pairs


def equal(expected: Any, actual: Any, kind: Type = ANY) -> bool:
    """Whether a value that a test wrote is the one that was emitted; ``kind`` is the type of the emitted value."""
    if isinstance(expected, bool) or isinstance(actual, bool) or expected is None or actual is None:
        return expected is actual
    if kind.name == "decimal" and isinstance(expected, int | float | str):
        return _decimal(expected) == _decimal(actual)
    if isinstance(expected, int | float) and isinstance(actual, int | float):
        if isinstance(expected, int) and isinstance(actual, int):
            return expected == actual
        return math.isclose(expected, actual, rel_tol=_DIGITS, abs_tol=1e-12)
    if isinstance(expected, str) and isinstance(actual, str):
        return expected == actual or (kind.name == "timestamp" and _same_time(expected, actual))
    if isinstance(expected, Sequence) and isinstance(actual, Sequence) and not isinstance(actual, str):
        item = kind.item or ANY
        return len(expected) == len(actual) and all(
            equal(left, right, item) for left, right in zip(expected, actual, strict=True)
        )
    if isinstance(expected, Mapping) and isinstance(actual, Mapping):
        return expected.keys() == actual.keys() and all(equal(expected[name], actual[name]) for name in expected)
    return False


def _decimal(value: Any) -> Decimal | None:
    try:
        return Decimal(str(value))
    except InvalidOperation:
        return None


def _same_time(left: str, right: str) -> bool:
    try:
        return parse_time(left) == parse_time(right)
    except ValueError:
        return False
