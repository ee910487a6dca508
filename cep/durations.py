"""Durations: text, numbers and timedeltas to microseconds, and back to text. Core layer: imports errors and types only.

Invariant: every duration inside the engine is an ``int`` of microseconds that fits 64 bits. There is one way to read
them, whoever wrote them: rules, events, options of the command, arguments of the API.
"""

from __future__ import annotations

import re
from datetime import timedelta
from fractions import Fraction
from functools import lru_cache

from cep.errors import UsageError
from cep.types import INT64_MAX, INT64_MIN, MAX_DIGITS

NUMBER_WORDS = {
    "one": 1,
    "two": 2,
    "three": 3,
    "four": 4,
    "five": 5,
    "six": 6,
    "seven": 7,
    "eight": 8,
    "nine": 9,
    "ten": 10,
    "eleven": 11,
    "twelve": 12,
    "twenty": 20,
    "fifty": 50,
    "hundred": 100,
}

UNITS_US = {
    "microsecond": 1,
    "millisecond": 1_000,
    "second": 1_000_000,
    "minute": 60_000_000,
    "hour": 3_600_000_000,
    "day": 86_400_000_000,
    "week": 604_800_000_000,
}
_UNIT_SPELLINGS = {
    "us": "microsecond",
    "µs": "microsecond",
    "ms": "millisecond",
    "s": "second",
    "sec": "second",
    "m": "minute",
    "min": "minute",
    "h": "hour",
    "hr": "hour",
    "d": "day",
    "w": "week",
}
UNIT_NAMES = tuple(dict.fromkeys([*UNITS_US, *(f"{unit}s" for unit in UNITS_US), *_UNIT_SPELLINGS]))

_QUANTITY = re.compile(r"(?P<number>\d[\d_]*(?:\.\d+)?|[a-z]+)[ \t]*(?P<unit>[a-zµ]+)")
_COMPOUND = re.compile(r"(\d+)(us|µs|ms|[smhdw])")
_ISO = re.compile(r"P(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:[.,]\d+)?)S)?)?", re.ASCII)
_TOO_LONG = "is too long: it does not fit 64 bits of microseconds"


def parse_duration(text: str, *, signed: bool = False) -> int:
    """Microseconds of a duration: ``5 minutes``, ``1h30m``, ``250ms``, ``0.5s``, ``an hour``, ``hour``, ``PT1H30M``.

    The last is ISO 8601 with weeks, days, hours, minutes and seconds; months and years have no one length. With
    ``signed`` a minus may stand before it.

    Raises:
        ValueError: the text is no duration, is finer than a microsecond, or does not fit 64 bits; the message is a
            clause that can follow ``the duration``.
    """
    text = text.strip()
    is_negative = text.startswith("-")
    total = _exact_duration(text.removeprefix("-"))
    if is_negative:
        if not signed:
            raise ValueError("is negative")
        total = -total
    if total.denominator != 1:
        raise ValueError("is finer than a microsecond")
    if not INT64_MIN <= total <= INT64_MAX:
        raise ValueError(_TOO_LONG)
    return int(total)


@lru_cache(maxsize=4_096)
def _exact_duration(text: str) -> Fraction:
    parts = _COMPOUND.findall(text) if len(text) <= MAX_DIGITS else []
    if parts and "".join(number + unit for number, unit in parts) == text:
        return sum((Fraction(number) * _unit_us(unit) for number, unit in parts), Fraction(0))
    iso = _ISO.fullmatch(text) if len(text) <= MAX_DIGITS else None
    if iso is not None and text[-1] not in "PT":
        counts = zip(iso.groups(default="0"), ("week", "day", "hour", "minute", "second"), strict=True)
        return sum((Fraction(count.replace(",", ".")) * UNITS_US[unit] for count, unit in counts), Fraction(0))
    if text in UNITS_US:
        return Fraction(UNITS_US[text])
    match = _QUANTITY.fullmatch(text)
    if match is None:
        raise ValueError("has no unit such as `s`, `minutes` or `h`")
    return _quantity(match["number"]) * _unit_us(match["unit"])


def _quantity(number: str) -> Fraction:
    if len(number) > MAX_DIGITS:
        raise ValueError(_TOO_LONG)
    if number[0].isdecimal():
        return Fraction(number.replace("_", ""))
    if number in ("a", "an"):
        return Fraction(1)
    if number in NUMBER_WORDS:
        return Fraction(NUMBER_WORDS[number])
    raise ValueError("does not begin with a number")


def _unit_us(unit: str) -> int:
    for spelling in (unit, unit.removesuffix("s")):
        name = _UNIT_SPELLINGS.get(spelling, spelling)
        if name in UNITS_US:
            return UNITS_US[name]
    raise ValueError(f"has no unit: `{unit}` is none")


def duration_of(value: str | int | timedelta, name: str) -> int:
    """Microseconds of an option's value: text with a unit, a number of microseconds, or a timedelta.

    Raises:
        UsageError: it is no duration, or a negative one. The message begins with ``name`` and says what to write.
    """
    try:
        return _given_us(value)
    except ValueError as error:
        raise UsageError(f"{name} {_shown(value)} {error}; {_hint(value)}") from None


def _given_us(value: str | int | timedelta) -> int:
    if isinstance(value, str):
        return parse_duration(value)
    if isinstance(value, timedelta):
        us = value // timedelta(microseconds=1)
    elif isinstance(value, int) and not isinstance(value, bool):
        us = value
    else:
        raise ValueError("is no duration")
    if us < 0:
        raise ValueError("is negative")
    if us > INT64_MAX:
        raise ValueError(_TOO_LONG)
    return us


def _shown(value: object) -> str:
    return f"`{value}`" if isinstance(value, str | timedelta) else f"`{value!r:.64}`"


def _hint(value: object) -> str:
    number = value.strip() if isinstance(value, str) else ""
    return f"write `{number}s`, `{number}m` or `{number}h`" if number.isdecimal() else "write `10s` or `1h30m`"


def format_duration(us: int) -> str:
    """A duration in its short form: ``1h30m``, ``250ms``, ``0s``; negative ones with a leading minus."""
    if us == 0:
        return "0s"
    rest = abs(us)
    parts: list[str] = []
    for unit in ("d", "h", "m", "s", "ms", "us"):
        count, rest = divmod(rest, _unit_us(unit))
        if count:
            parts.append(f"{count}{unit}")
    return ("-" if us < 0 else "") + "".join(parts)


def duration_text(us: int) -> str:
    """A duration in words where there are some for it: ``5 minutes``, ``1h30m``, ``250ms``."""
    if us < 0:
        return f"-{duration_text(-us)}"
    for unit in ("week", "day", "hour", "minute", "second"):
        count, rest = divmod(us, UNITS_US[unit])
        if us and rest == 0 and count < 100:
            return f"{count} {unit}{'' if count == 1 else 's'}"
    return format_duration(us)
