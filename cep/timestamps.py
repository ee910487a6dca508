"""Event time: text and numbers to microseconds UTC and back. Core layer: imports nothing of ours.

Invariant: every time inside the engine is an ``int`` of microseconds since 1970-01-01T00:00:00Z.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, tzinfo

import msgspec

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NAIVE_EPOCH = datetime(1970, 1, 1)
SECOND_US = 1_000_000
MINUTE_US = 60 * SECOND_US
HOUR_US = 60 * MINUTE_US
DAY_US = 24 * HOUR_US

TIME_FIELDS = ("ts", "timestamp", "time", "@timestamp", "event_time")
"""Where event time is looked for, in this order, when no schema names a field."""

_MIN_US = -62_135_596_800 * SECOND_US
_MAX_US = 253_402_300_800 * SECOND_US - 1
_HOUR_24 = re.compile("[T ]24")


def parse_time(value: object, zone: tzinfo | None = None) -> int:
    """Microseconds UTC of ISO 8601 text or of a number in s, ms, µs or ns, told apart by magnitude.

    Numbers below 1e11 (in absolute value) are seconds, below 1e14 milliseconds, below 1e17 microseconds, else
    nanoseconds. In text, digits behind the microseconds are rounded, half up. Text without an offset is read in
    ``zone``; without a zone it is refused.

    Raises:
        ValueError: not a time, outside the years 1 to 9999, or without an offset and no zone given.
    """
    kind = value.__class__
    if kind is str:
        return _parse_text(value, zone)  # type: ignore[arg-type]
    if kind is int or kind is float:
        return _from_number(value)  # type: ignore[arg-type]
    if isinstance(value, datetime):
        return _from_datetime(value, zone)
    raise ValueError(f"{kind.__name__} is no time")


def _parse_text(text: str, zone: tzinfo | None) -> int:
    try:
        moment = msgspec.convert(text, datetime)
    except msgspec.ValidationError:
        try:
            moment = datetime.fromisoformat(text)
            if _HOUR_24.search(text):  # which some versions of Python take for midnight
                raise ValueError
        except ValueError:
            raise ValueError(f"{text[:64]!r} is no ISO 8601 time") from None
    return _from_datetime(moment, zone)


def _from_datetime(moment: datetime, zone: tzinfo | None) -> int:
    if moment.tzinfo is None:
        if zone is None:
            raise ValueError(f"{moment.isoformat()!r} has no offset from UTC; name a zone or write it with Z")
        moment = moment.replace(tzinfo=zone)
    time_us = time_us_of(moment)
    if not in_range(time_us):
        raise ValueError(f"{moment.isoformat()!r} is outside the years 1 to 9999")
    return time_us


def time_us_of(moment: datetime) -> int:
    """Microseconds UTC of an aware datetime."""
    delta = moment - EPOCH
    return (delta.days * 86_400 + delta.seconds) * SECOND_US + delta.microseconds


def moment_of(time_us: int) -> datetime:
    """The datetime of a time inside the years 1 to 9999; the nearest end outside."""
    return EPOCH + timedelta(0, 0, min(max(time_us, _MIN_US), _MAX_US))


def _from_number(number: float) -> int:
    size = abs(number)
    if size < 1e11:
        time_us = round(number * SECOND_US)
    elif size < 1e14:
        time_us = round(number * 1_000)
    elif size < 1e17:
        time_us = round(number)
    elif size < 1e20:
        time_us = number // 1_000 if isinstance(number, int) else round(number / 1_000)
    else:
        raise ValueError(f"{number} is outside the years 1 to 9999")
    if not _MIN_US <= time_us <= _MAX_US:
        raise ValueError(f"{number} is outside the years 1 to 9999")
    return time_us


def in_range(time_us: int) -> bool:
    """Whether it lies in the years 1 to 9999."""
    return _MIN_US <= time_us <= _MAX_US


def format_time(time_us: int) -> str:
    """ISO 8601 with ``Z``; six decimals only where the microseconds are not zero."""
    try:
        return (_NAIVE_EPOCH + timedelta(0, 0, time_us)).isoformat() + "Z"
    except OverflowError:  # outside the years 1 to 9999
        return f"{time_us}us"


def zone_of(name: str) -> tzinfo:
    """The zone of the IANA database with this name.

    Raises:
        ValueError: there is none.
    """
    if name == "UTC":
        return UTC
    from zoneinfo import ZoneInfo

    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise ValueError(f"no time zone `{name[:64]}`") from None
