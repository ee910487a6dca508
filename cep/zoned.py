"""Hours, days, weeks and months on the clock of a time zone, as bounds in UTC. Core layer.

The units of a zone follow each other without gaps or overlaps whatever its clock does: a day starts at the first
instant at which the clock shows that date or a later one, so it has 23 or 25 hours where the clock is changed, and
begins at the change where midnight is skipped. An hour that the clock shows twice is two hours; where a clock is
changed by part of an hour, an hour ends at the change.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo

from cep.timestamps import HOUR_US, moment_of, time_us_of

_MICROSECOND = timedelta(microseconds=1)
_FIRST_US = time_us_of(datetime.min.replace(tzinfo=UTC))
_LAST_US = time_us_of(datetime.max.replace(tzinfo=UTC)) + 1


def unit_bounds(unit: str, zone: tzinfo, time_us: int) -> tuple[int, int]:
    """Start and end, [start, end), of the ``hour``, ``day``, ``week`` (from Monday) or ``month`` that holds a time.

    Times are microseconds UTC in the years 1 to 9999; at the ends of those years a unit is cut.
    """
    if unit == "hour":
        return _hour_bounds(zone, time_us)
    local = _local(zone, time_us)
    start = _first_day(unit, local)
    while _start_us(zone, start) > time_us:  # the clock went back over midnight, and shows the day before again
        if start - datetime.min < timedelta(days=1):
            return _FIRST_US, _start_us(zone, start)
        start = _first_day(unit, start - timedelta(days=1))
    end = _following(unit, start)
    while end is not None and _start_us(zone, end) <= time_us:  # likewise
        start, end = end, _following(unit, end)
    return _start_us(zone, start), _LAST_US if end is None else _start_us(zone, end)


def _first_day(unit: str, local: datetime) -> datetime:
    """Midnight of the unit's first day, on the clock."""
    day = local.replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=None, fold=0)
    if unit == "week":
        return day - min(timedelta(days=day.weekday()), day - datetime.min)
    return day.replace(day=1) if unit == "month" else day


def _following(unit: str, start: datetime) -> datetime | None:
    """The start of the next unit, on the clock; null where it is out of range."""
    try:
        if unit == "month":
            return (start + timedelta(days=32)).replace(day=1)
        return start + timedelta(days=7 - start.weekday() if unit == "week" else 1)
    except OverflowError:
        return None


def _start_us(zone: tzinfo, midnight: datetime) -> int:
    """The first instant at which the clock shows this midnight or, where it is skipped, a later time."""
    try:
        early, late = (time_us_of(midnight.replace(tzinfo=zone, fold=fold)) for fold in (1, 0))
    except (OverflowError, ValueError):
        return time_us_of(midnight.replace(tzinfo=UTC))
    if late <= early or _offset(zone, early) == _offset(zone, late):
        return late
    return _change(zone, early, late)


def _hour_bounds(zone: tzinfo, time_us: int) -> tuple[int, int]:
    """The full hours around a time, cut at a change of the clock that is not by full hours."""
    offset_us = _offset(zone, time_us)
    start_us = (time_us + offset_us) // HOUR_US * HOUR_US - offset_us
    end_us = start_us + HOUR_US
    if (_offset(zone, start_us) - offset_us) % HOUR_US:
        start_us = _change(zone, start_us, time_us)
    if (_offset(zone, end_us - 1) - offset_us) % HOUR_US:
        end_us = _change(zone, time_us, end_us - 1)
    return start_us, end_us


def _change(zone: tzinfo, low_us: int, high_us: int) -> int:
    """The first instant after ``low_us`` with another offset; it is not after ``high_us``, which has one."""
    offset_us = _offset(zone, low_us)
    while high_us - low_us > 1:
        middle_us = (low_us + high_us) // 2
        if _offset(zone, middle_us) == offset_us:
            low_us = middle_us
        else:
            high_us = middle_us
    return high_us


def _local(zone: tzinfo, time_us: int) -> datetime:
    moment = moment_of(time_us)
    try:
        return moment.astimezone(zone)
    except (OverflowError, ValueError):
        return moment


def _offset(zone: tzinfo, time_us: int) -> int:
    """What the clock is ahead of UTC, microseconds."""
    offset = _local(zone, time_us).utcoffset() or timedelta(0)
    return offset // _MICROSECOND
