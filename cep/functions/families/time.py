"""Functions over time. Core layer.

A time is an int of microseconds UTC; ISO 8601 text with an offset, as an untyped field may hold it, is read as one. No
function reads the wall clock. Zones are names of the IANA database.
"""

from __future__ import annotations

from datetime import datetime, timedelta, tzinfo
from functools import lru_cache
from typing import Any

from cep.durations import UNITS_US
from cep.functions.records import (
    MOMENT,
    NUMBER,
    TEXT,
    EvaluationError,
    Example,
    FunctionRecord,
    ParameterRecord,
)
from cep.timestamps import DAY_US, EPOCH, HOUR_US, MINUTE_US, SECOND_US, format_time, parse_time, zone_of
from cep.types import BOOL, DURATION, EVENT, INT, STRING, TIMESTAMP

_EVEN_UNITS = ("second", "minute", "hour", "day")
"""Units of one length in UTC, whose starts are counted from 1970."""
_UNITS = (*_EVEN_UNITS, "week", "month", "year")


def hour(at: Any, zone: Any = "UTC") -> int | None:
    """0 to 23."""
    time_us = as_time(at)
    if time_us is None or not isinstance(zone, str):
        return None
    return time_us // HOUR_US % 24 if zone == "UTC" else local(time_us, zone).hour


def minute(at: Any, zone: Any = "UTC") -> int | None:
    """0 to 59."""
    time_us = as_time(at)
    if time_us is None or not isinstance(zone, str):
        return None
    return time_us // MINUTE_US % 60 if zone == "UTC" else local(time_us, zone).minute


def weekday(at: Any, zone: Any = "UTC") -> int | None:
    """1 (Monday) to 7 (Sunday)."""
    time_us = as_time(at)
    if time_us is None or not isinstance(zone, str):
        return None
    if zone == "UTC":
        return (time_us // DAY_US + 3) % 7 + 1
    return local(time_us, zone).isoweekday()


def date(at: Any, zone: Any = "UTC") -> str | None:
    """The calendar day as ``2026-01-31``."""
    time_us = as_time(at)
    if time_us is None or not isinstance(zone, str):
        return None
    return local(time_us, zone).date().isoformat()


def age(event_time_us: int, x: Any) -> int | None:
    """Event time − x, in microseconds; negative when x is later."""
    time_us = as_time(x)
    return None if time_us is None or event_time_us is None else event_time_us - time_us


def trunc(at: Any, unit: Any, zone: Any = "UTC") -> int | None:
    """The start of the unit that holds the time, in microseconds UTC."""
    time_us = as_time(at)
    if time_us is None or not isinstance(zone, str):
        return None
    if unit.__class__ is int:
        if unit <= 0:
            raise EvaluationError("trunc to a duration that is not positive")
        return time_us - time_us % int(unit)
    if not isinstance(unit, str):
        return None
    size = UNITS_US[unit] if unit in _EVEN_UNITS else None
    if size is not None and (zone == "UTC" or size < HOUR_US):
        return time_us - time_us % size
    return _start_of(local(time_us, zone), unit)


def timestamp(x: Any, zone: Any = None) -> int | None:
    """ISO 8601 text, or a number in s, ms, µs or ns, to microseconds UTC; null for what is neither."""
    if zone is not None and not isinstance(zone, str):
        return None
    try:
        return parse_time(x, None if zone is None else find_zone(zone))
    except (ValueError, OverflowError):
        return None


def in_hours(at: Any, start: Any, end: Any, zone: Any = "UTC") -> bool | None:
    """Whether the time of day is in [start, end), over midnight when end is earlier."""
    time_us = as_time(at)
    if time_us is None or not all(isinstance(part, str) for part in (start, end, zone)):
        return None
    first_us, last_us = _time_of_day(start), _time_of_day(end)
    if zone == "UTC":
        now_us = time_us % DAY_US
    else:
        now = local(time_us, zone)
        now_us = (now.hour * 60 + now.minute) * MINUTE_US + now.second * SECOND_US + now.microsecond
    if first_us < last_us:
        return first_us <= now_us < last_us
    return now_us >= first_us or now_us < last_us


def event_time(time_us: Any) -> Any:
    """The event time that the code generator passes."""
    return time_us


def as_time(value: Any) -> int | None:
    """Microseconds of a time: an int as it is, ISO 8601 text with an offset read; null for anything else."""
    if value.__class__ is int:
        return value
    if isinstance(value, str):
        try:
            return parse_time(value)
        except ValueError:
            return None
    return None


def local(time_us: int, zone: str) -> datetime:
    """The time in a zone.

    Raises:
        EvaluationError: no such zone, or outside of the years 1 to 9999.
    """
    try:
        return (EPOCH + timedelta(microseconds=time_us)).astimezone(find_zone(zone))
    except OverflowError:
        raise EvaluationError(f"the time {time_us} µs is outside the years 1 to 9999") from None


@lru_cache(maxsize=256)
def find_zone(name: str) -> tzinfo:
    """The zone of the IANA database with this name.

    Raises:
        EvaluationError: there is none.
    """
    try:
        return zone_of(name)
    except ValueError as error:
        raise EvaluationError(str(error)) from None


def zone_error(zone: object) -> str | None:
    """What is wrong with a zone's name; null when nothing is."""
    return _reason(find_zone, zone)


def time_of_day_error(text: object) -> str | None:
    """What is wrong with a time of day; null when nothing is."""
    return _reason(_time_of_day, text)


def unit_error(unit: object) -> str | None:
    """What is wrong with a unit of ``trunc``; null when nothing is."""
    if isinstance(unit, str) and unit not in _UNITS:
        return f"no unit `{unit[:64]}`; write one of {', '.join(_UNITS)}"
    return None


def _reason(read: Any, value: object) -> str | None:
    if isinstance(value, str):
        try:
            read(value)
        except EvaluationError as error:
            return error.reason
    return None


@lru_cache(maxsize=256)
def _time_of_day(text: str) -> int:
    """Microseconds since midnight; ``24:00`` is the end of the day."""
    parts = text.split(":")
    if not 2 <= len(parts) <= 3 or not all(len(p) == 2 and p.isascii() and p.isdigit() for p in parts):
        raise EvaluationError(f"`{text[:64]}` is no time of day such as `22:00`")
    hours, minutes, seconds = [*map(int, parts), 0][:3]
    time_us = (hours * 60 + minutes) * MINUTE_US + seconds * SECOND_US
    if minutes > 59 or seconds > 59 or time_us > DAY_US:
        raise EvaluationError(f"`{text[:64]}` is no time of day such as `22:00`")
    return time_us


def _start_of(moment: datetime, unit: str) -> int:
    """The local start; a midnight that the clocks skip is the instant at which they do."""
    if unit == "hour":
        moment = moment.replace(minute=0, second=0, microsecond=0)
    elif unit in _UNITS:
        moment = moment.replace(hour=0, minute=0, second=0, microsecond=0, fold=0)
        if unit == "week":
            moment -= timedelta(days=moment.weekday())
        elif unit == "month":
            moment = moment.replace(day=1)
        elif unit == "year":
            moment = moment.replace(month=1, day=1)
    else:
        raise EvaluationError(str(unit_error(unit)))
    return (moment - EPOCH) // timedelta(microseconds=1)


_AT = ParameterRecord("at", MOMENT, "the time")
_ZONE = ParameterRecord("zone", (STRING,), "the time zone", "UTC", check=zone_error)
_NEW_YEAR = 1_767_225_600 * SECOND_US
_HALF_PAST_ELEVEN = _NEW_YEAR + 23 * HOUR_US + 30 * MINUTE_US

TIME_FUNCTIONS: dict[str, FunctionRecord] = {
    "hour": FunctionRecord(
        "hour", "time", (_AT, _ZONE), INT, "The hour of the day, 0 to 23.",
        (
            Example('hour("2026-01-01T23:30:00Z")', ("2026-01-01T23:30:00Z", "UTC"), 23),
            Example('hour("2026-01-01T23:30:00Z", "Europe/Berlin")',
                    (_HALF_PAST_ELEVEN, "Europe/Berlin"), 0),
        ), hour,
    ),
    "minute": FunctionRecord(
        "minute", "time", (_AT, _ZONE), INT, "The minute of the hour, 0 to 59.",
        (
            Example('minute("2026-01-01T23:30:00Z")', ("2026-01-01T23:30:00Z", "UTC"), 30),
            Example('minute("2026-01-01T23:30:00Z", "Asia/Kathmandu")',
                    (_HALF_PAST_ELEVEN, "Asia/Kathmandu"), 15),
        ), minute,
    ),
    "weekday": FunctionRecord(
        "weekday", "time", (_AT, _ZONE), INT, "The day of the week, 1 (Monday) to 7 (Sunday).",
        (Example('weekday("2026-01-01T00:00:00Z")', (_NEW_YEAR, "UTC"), 4),), weekday,
    ),
    "date": FunctionRecord(
        "date", "time", (_AT, _ZONE), STRING, "The calendar day as text, `2026-01-31`.",
        (
            Example('date("2026-01-01T23:30:00Z", "Europe/Berlin")',
                    (_HALF_PAST_ELEVEN, "Europe/Berlin"), "2026-01-02"),
        ), date,
    ),
    "age": FunctionRecord(
        "age", "time", (ParameterRecord("x", MOMENT, "the time"),), DURATION,
        "How long before the event a time lies: event time − x. Negative when x is later.",
        (Example("age(created_at)", (_NEW_YEAR + HOUR_US, _NEW_YEAR), HOUR_US),), age,
        takes_event_time=True,
    ),
    "trunc": FunctionRecord(
        "trunc", "time",
        (
            _AT,
            ParameterRecord("unit", (STRING, DURATION), "`second minute hour day week month year`, "
                            "or a duration, counted from 1970", check=unit_error),
            _ZONE,
        ), TIMESTAMP,
        "The start of the hour, day, week (a Monday), month or year in the zone that holds the "
        "time; with a duration the last multiple of it.",
        (
            Example('trunc("2026-01-01T23:30:00Z", "hour")',
                    (_HALF_PAST_ELEVEN, "hour", "UTC"), _NEW_YEAR + 23 * HOUR_US),
            Example('trunc("2026-01-01T23:30:00Z", 15 minutes)',
                    (_HALF_PAST_ELEVEN, 15 * MINUTE_US, "UTC"), _HALF_PAST_ELEVEN),
            Example('trunc("2026-01-01T00:00:00Z", "week")',
                    (_NEW_YEAR, "week", "UTC"), _NEW_YEAR - 3 * DAY_US),
        ), trunc,
    ),
    "timestamp": FunctionRecord(
        "timestamp", "time",
        (
            ParameterRecord("x", (*TEXT, *NUMBER, TIMESTAMP), "ISO 8601 text, or a number"),
            ParameterRecord("zone", (STRING,), "the zone of text without an offset", None,
                            check=zone_error),
        ), TIMESTAMP.or_null(),
        "The time that a text or a number says: numbers are seconds, milliseconds, microseconds or "
        "nanoseconds since 1970 by their magnitude. Null for what is no time, and for text without "
        "an offset when no zone is given.",
        (
            Example("timestamp(1767225600)", (1_767_225_600, None), _NEW_YEAR),
            Example("timestamp(1767225600000)", (1_767_225_600_000, None), _NEW_YEAR),
            Example('timestamp("2026-01-01T01:00:00+01:00")',
                    ("2026-01-01T01:00:00+01:00", None), _NEW_YEAR),
            Example('timestamp("2026-01-01 01:00", "Europe/Berlin")',
                    ("2026-01-01 01:00", "Europe/Berlin"), _NEW_YEAR),
            Example('timestamp("yesterday")', ("yesterday", None), None),
        ), timestamp, prepare={"timestamp": format_time},
    ),
    "in_hours": FunctionRecord(
        "in_hours", "time",
        (
            _AT,
            ParameterRecord("start", (STRING,), "a time of day", check=time_of_day_error),
            ParameterRecord("end", (STRING,), "a time of day", check=time_of_day_error),
            _ZONE,
        ), BOOL,
        "Whether the time of day is `start` or later and before `end`; over midnight when `end` is "
        "earlier, the whole day when they are equal. Times of day are `HH:MM` or `HH:MM:SS`, up to "
        "`24:00`.",
        (
            Example('in_hours("2026-01-01T23:30:00Z", "22:00", "06:00")',
                    (_HALF_PAST_ELEVEN, "22:00", "06:00", "UTC"), True),
            Example('in_hours("2026-01-01T23:30:00Z", "09:00", "17:00", "Europe/Berlin")',
                    (_HALF_PAST_ELEVEN, "09:00", "17:00", "Europe/Berlin"), False),
        ), in_hours,
    ),
    "time": FunctionRecord(
        "time", "time", (ParameterRecord("event", (EVENT,), "an event", kind="event"),), TIMESTAMP,
        "The event time of an event: of a step, of `prev`, `this`, `first` or `last`.",
        (Example("time(login)", (_NEW_YEAR,), _NEW_YEAR),), event_time,
        takes_events=True,
    ),
}  # fmt: skip
