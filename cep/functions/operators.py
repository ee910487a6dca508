"""The operators of the rule language on run-time values. Core layer.

Invariant: none raises on a wrong type. Null, or kinds that do not go together (number and text, bool and number),
give null: unknown (S6). :class:`EvaluationError` is for what fails although the types are right.

Numbers compare exactly across int, float and Decimal. Arithmetic of a Decimal with a float gives a float, with an int a
Decimal. Ints stay within 64 bits, floats finite. Times and durations are ints of microseconds.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from decimal import Context, Decimal, DecimalException
from functools import lru_cache
from typing import Any

from cep.functions.families.network import compile_cidr as compile_cidr
from cep.functions.records import EvaluationError
from cep.functions.values import (
    INT_MAX,
    INT_MIN,
    NUMBERS,
    check_size,
    checked_float,
    checked_int,
    is_number,
    kind,
    same_key,
)

_POWER_BITS = 4096
_DECIMAL = Context(prec=34)
_QUICK = frozenset({int, float})
_PLAIN = _QUICK | {str, bool}

Test = Callable[[object], bool | None]


# ---- comparison ----


def equal(a: Any, b: Any) -> bool | None:
    """``a == b``; null when either is null or their kinds differ. Lists and maps compare deeply."""
    left, right = a.__class__, b.__class__
    if (left is right and left in _PLAIN) or (left in _QUICK and right in _QUICK):
        return a == b  # type: ignore[no-any-return]
    common = kind(a)
    if common != kind(b) or common == "null":
        return None
    if common in ("list", "map"):
        return len(a) == len(b) and same_key(a) == same_key(b)
    return a == b if common != "number" or (is_number(a) and is_number(b)) else None


def not_equal(a: Any, b: Any) -> bool | None:
    """``a != b``: the opposite of :func:`equal`, unknown where that is."""
    same = equal(a, b)
    return None if same is None else not same


def less(a: Any, b: Any) -> bool | None:
    """``a < b`` for two numbers or two texts (by code point), else null."""
    return a < b if _ordered(a, b) else None


def less_equal(a: Any, b: Any) -> bool | None:
    """``a <= b`` for two numbers or two texts (by code point), else null."""
    return a <= b if _ordered(a, b) else None


def greater(a: Any, b: Any) -> bool | None:
    """``a > b`` for two numbers or two texts (by code point), else null."""
    return a > b if _ordered(a, b) else None


def greater_equal(a: Any, b: Any) -> bool | None:
    """``a >= b`` for two numbers or two texts (by code point), else null."""
    return a >= b if _ordered(a, b) else None


def _ordered(a: Any, b: Any) -> bool:
    left, right = a.__class__, b.__class__
    if (left in _QUICK and right in _QUICK) or (left is str and right is str):
        return True
    common = kind(a)
    if common == "number":
        return kind(b) == "number" and is_number(a) and is_number(b)
    return common == "text" and kind(b) == "text"


def contains_value(items: Any, value: Any) -> bool | None:
    """``value in items``. A null value is unknown, nulls in the list are ignored.

    Unknown as well when nothing in the list is equal and something there is of another kind.
    """
    if value is None or not isinstance(items, list | tuple):
        return None
    if value.__class__ is str and value in items:
        return True
    unknown = False
    for item in items:
        same = equal(item, value)
        if same:
            return True
        unknown = unknown or (same is None and item is not None)
    return None if unknown else False


def compile_contains(items: Sequence[object]) -> Test:
    """``value in items`` for a list known when the rules are loaded: one look-up whatever its length."""
    present = [item for item in items if item is not None]
    kinds = {kind(item) for item in present}
    wanted = frozenset(map(same_key, present))
    only = next(iter(kinds)) if len(kinds) == 1 else None

    def test(value: object) -> bool | None:
        if value.__class__ is str and only == "text":
            return value in wanted
        if value is None:
            return None
        if same_key(value) in wanted:
            return True
        return False if not kinds or kind(value) == only else None

    return test


# ---- arithmetic ----


def add(a: Any, b: Any) -> Any:
    """``a + b`` of numbers, or two texts joined.

    Raises:
        EvaluationError: the result does not fit, or the text has more than 1,048,576 characters.
    """
    if a.__class__ is str and b.__class__ is str:
        check_size(len(a) + len(b))
        return a + b
    return _arithmetic(a, b, int.__add__, float.__add__, _DECIMAL.add)


def subtract(a: Any, b: Any) -> Any:
    """``a - b`` of numbers.

    Raises:
        EvaluationError: the result does not fit.
    """
    return _arithmetic(a, b, int.__sub__, float.__sub__, _DECIMAL.subtract)


def multiply(a: Any, b: Any) -> Any:
    """``a * b`` of numbers.

    Raises:
        EvaluationError: the result does not fit.
    """
    return _arithmetic(a, b, int.__mul__, float.__mul__, _DECIMAL.multiply)


def divide(a: Any, b: Any) -> Any:
    """``a / b``: a float for ints and floats, a Decimal of 34 digits where Decimals (and ints) are divided.

    Raises:
        EvaluationError: ``b`` is zero, or the result does not fit.
    """
    if b.__class__ in NUMBERS and b == 0 and kind(a) == "number":
        raise EvaluationError("division by zero")
    return _arithmetic(a, b, int.__truediv__, float.__truediv__, _DECIMAL.divide)


def modulo(a: Any, b: Any) -> Any:
    """``a % b`` with the sign of ``b``, as in Python: ``-7 % 3`` is 2.

    Raises:
        EvaluationError: ``b`` is zero.
    """
    if b.__class__ in NUMBERS and b == 0 and kind(a) == "number":
        raise EvaluationError("remainder of a division by zero")
    return _arithmetic(a, b, int.__mod__, float.__mod__, _decimal_modulo)


def power(a: Any, b: Any) -> Any:
    """``a ** b``: an int for ints with ``b`` not negative, else a float, or a Decimal for a Decimal and an int.

    Raises:
        EvaluationError: the result does not fit, zero to a negative power, or a root of a negative number.
    """
    return _arithmetic(a, b, _int_power, _float_power, _decimal_power)


def negate(a: Any) -> Any:
    """``-a`` of a number.

    Raises:
        EvaluationError: the smallest int has no opposite.
    """
    if a.__class__ is int:
        return checked_int(-a)
    return -a if kind(a) == "number" else None


def _arithmetic(
    a: Any,
    b: Any,
    of_ints: Callable[[int, int], Any],
    of_floats: Callable[[float, float], Any],
    of_decimals: Callable[[Decimal, Decimal], Any],
) -> Any:
    left, right = a.__class__, b.__class__
    try:
        if left is int and right is int:
            result = of_ints(a, b)
            if result.__class__ is float or INT_MIN <= result <= INT_MAX:
                return result
            return checked_int(result)
        if kind(a) != "number" or kind(b) != "number":
            return None
        if isinstance(a, float) or isinstance(b, float):
            return checked_float(of_floats(float(a), float(b)))
        if isinstance(a, Decimal) or isinstance(b, Decimal):
            return of_decimals(Decimal(a), Decimal(b))
        return checked_int(of_ints(int(a), int(b)))
    except (OverflowError, DecimalException):
        raise EvaluationError("the result is too large") from None


def _int_power(a: int, b: int) -> Any:
    if b < 0:
        return _float_power(float(a), float(b))
    if a.bit_length() * b > _POWER_BITS and abs(a) > 1:
        raise EvaluationError("the result of ** is too large")
    return a**b if abs(a) > 1 else a ** (b % 2 + 2 if b else 0)


def _float_power(a: float, b: float) -> float:
    if a == 0 and b < 0:
        raise EvaluationError("zero to a negative power")
    if a < 0 and not b.is_integer():
        raise EvaluationError("a negative number to a power that is not whole")
    return a**b  # type: ignore[no-any-return]


def _decimal_power(a: Decimal, b: Decimal) -> Any:
    if a == 0 and b < 0:
        raise EvaluationError("zero to a negative power")
    if a < 0 and b != b.to_integral_value():
        raise EvaluationError("a negative number to a power that is not whole")
    return Decimal(1) if a == b == 0 else _DECIMAL.power(a, b)


def _decimal_modulo(a: Decimal, b: Decimal) -> Decimal:
    rest = _DECIMAL.remainder(a, b)
    return _DECIMAL.add(rest, b) if rest and (rest < 0) != (b < 0) else rest


# ---- patterns on text ----


def like(value: Any, pattern: Any) -> bool | None:
    """``value like pattern``: ``*`` stands for any characters, ``?`` for one; the whole text must fit, case matters."""
    if not isinstance(value, str) or not isinstance(pattern, str):
        return None
    return compile_like(pattern)(value)


@lru_cache(maxsize=4096)
def compile_like(pattern: str) -> Test:
    """A test for ``like`` with a pattern known when the rules are loaded.

    Time is linear in the text: parts between stars are found from left to right, each once. There is no escape: a
    backslash stands for itself, so that Windows paths can be written.
    """
    parts = pattern.split("*")
    if "?" in pattern or len(parts) > 3:
        return _on_text(_like_general(parts))
    if len(parts) == 1:
        return _on_text(lambda text: text == pattern)
    first, last = parts[0], parts[-1]
    shortest = len(first) + len(last)
    if len(parts) == 2:
        return _on_text(lambda text: len(text) >= shortest and text.startswith(first) and text.endswith(last))
    middle = parts[1]
    return _on_text(
        lambda text: (
            len(text) >= shortest
            and text.startswith(first)
            and text.endswith(last)
            and text.find(middle, len(first), len(text) - len(last)) >= 0
        )
    )


def _on_text(test: Callable[[str], bool]) -> Test:
    return lambda value: test(value) if isinstance(value, str) else None


def _like_general(parts: list[str]) -> Callable[[str], bool]:
    """Parts have a fixed length each, so that a search for one never backtracks beyond it."""
    patterns = [re.compile("".join("." if c == "?" else re.escape(c) for c in part), re.DOTALL) for part in parts]
    first, *middle = patterns[:-1] or patterns
    last, last_size = patterns[-1], len(parts[-1])

    def test(text: str) -> bool:
        if len(parts) == 1:
            return first.fullmatch(text) is not None
        found = first.match(text)
        end = len(text) - last_size
        for pattern in middle:
            found = found and pattern.search(text, found.end(), max(end, 0))
        return found is not None and found.end() <= end and last.match(text, end) is not None

    return test


_FLAGS = frozenset("ims")


@lru_cache(maxsize=4096)
def compile_regex(pattern: str, flags: str = "") -> Test:
    """A test whether a regular expression (RE2 syntax) is found anywhere in a text; null for what is no text.

    ``flags``: ``i`` case does not matter, ``m`` ``^`` and ``$`` match at line ends, ``s`` ``.`` matches a line end.
    Time is linear in the text whatever the pattern.

    Raises:
        ValueError: the pattern or a flag is not valid; the message says why.
    """
    import re2

    if not set(flags) <= _FLAGS:
        raise ValueError(f"unknown flag `{''.join(sorted(set(flags) - _FLAGS))}`; use i, m or s")
    options = re2.Options()
    options.log_errors = False
    prefix = f"(?{''.join(sorted(set(flags)))})" if flags else ""
    try:
        search = re2.compile((prefix + pattern).encode(), options).search
    except re2.error as error:
        reason = error.args[0] if error.args else "not valid"
        raise ValueError(reason.decode() if isinstance(reason, bytes) else str(reason)) from None

    def test(value: object) -> bool | None:
        if not isinstance(value, str):
            return None
        return search(value.encode("utf-8", "replace")) is not None

    return test
