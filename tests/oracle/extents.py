"""What a window holds, by definition: lists of events, computed from all of them each time.

Part of the oracle (see :mod:`tests.oracle.windows`, whose sentences these functions spell out). Calendar windows are
found by reading the clock of the zone at many instants, not by arithmetic with dates.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from cep.language import checked as c
from tests.oracle.values import OracleEvent, Order, Unsupported

QUARTER_US = 15 * 60 * 1_000_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

Timer = Callable[[int, OracleEvent], Order]
"""The moment of a deadline: its time and the window's first event."""


@dataclass(frozen=True)
class Extent:
    """A window that closes: its bounds, its events, and the moment at which it closes."""

    start_us: int
    end_us: int
    events: tuple[OracleEvent, ...]
    moment: Order


# ---- windows that slide ----


def held(
    window: c.CheckedWindow | None,
    events: Sequence[OracleEvent],
    now_us: int,
    resets: Sequence[OracleEvent],
) -> list[OracleEvent]:
    """The events of a window at a time, of the key's ``events`` so far and the resets before that time's event."""
    if window is None:
        return list(events[-1:])
    match window.kind:
        case "last_time":
            return [event for event in events if event.time_us >= now_us - _length(window)]
        case "last_count":
            assert window.count is not None
            oldest_us = min_us if window.duration_us is None else now_us - window.duration_us
            return [event for event in events[-window.count :] if event.time_us >= oldest_us]
        case "all":
            return list(events)
        case "since":
            return [event for event in events if not resets or event.order >= resets[-1].order]
        case "tumbling_count":
            assert window.count is not None
            return list(events[(len(events) - 1) // window.count * window.count :]) if events else []
        case "tumbling" | "calendar":
            start_us, end_us = next(iter(bounds(window, now_us)))
            return [event for event in events if start_us <= event.time_us < end_us]
        case "session":
            sessions = list(split_sessions(window, events, None))
            if not sessions or now_us > session_end(window, sessions[-1]):
                return []
            return sessions[-1]
    raise Unsupported(window.kind)


min_us = -(2**63)


def is_full(window: c.CheckedWindow | None, events: Sequence[OracleEvent]) -> bool:
    """Whether it is evaluated: a window by count needs all its events, unless it says ``partial``."""
    return window is None or window.kind != "last_count" or window.partial or len(events) == window.count


def length_of(window: c.CheckedWindow, now_us: int) -> int | None:
    """The length of a window in which a time lies; null where it is no time."""
    if window.kind == "calendar":
        start_us, end_us = next(iter(bounds(window, now_us)))
        return end_us - start_us
    return window.duration_us if window.kind in ("last_time", "tumbling", "hopping") else None


def _length(window: c.CheckedWindow) -> int:
    assert window.duration_us is not None
    return window.duration_us


# ---- windows that close ----


def extents(window: c.CheckedWindow, events: Sequence[OracleEvent], timer: Timer) -> list[Extent]:
    """All windows that hold an event, in the order in which they close."""
    if window.kind == "tumbling_count":
        assert window.count is not None
        starts = range(0, len(events) - window.count + 1, window.count)
        batches = [events[start : start + window.count] for start in starts]
        return [Extent(b[0].time_us, b[-1].time_us, tuple(b), b[-1].order) for b in batches]
    if window.kind == "session":
        found = []
        for session in split_sessions(window, events, timer):
            end_us = session_end(window, session)
            found.append(Extent(session[0].time_us, end_us, tuple(session), timer(end_us, session[0])))
        return found
    places = {place for event in events for place in bounds(window, event.time_us)}
    found = []
    for start_us, end_us in sorted(places):
        inside = tuple(event for event in events if start_us <= event.time_us < end_us)
        found.append(Extent(start_us, end_us, inside, timer(end_us, inside[0])))
    return found


def bounds(window: c.CheckedWindow, time_us: int) -> Iterator[tuple[int, int]]:
    """The windows [start, end) that a time lies in (S3)."""
    if window.kind == "calendar":
        yield calendar_bounds(window.unit or "", window.zone or "UTC", time_us)
        return
    length_us = _length(window)
    step_us = length_us if window.kind == "tumbling" else window.step_us or 0
    for number in range((time_us - length_us) // step_us, time_us // step_us + 1):
        start_us = number * step_us
        if start_us <= time_us < start_us + length_us:
            yield start_us, start_us + length_us


def split_sessions(
    window: c.CheckedWindow, events: Sequence[OracleEvent], timer: Timer | None
) -> Iterator[list[OracleEvent]]:
    """The sessions: an event joins the one before it unless that has ended.

    A session ends at its last event + gap or at its maximum, whichever is first; events at that time still join, unless
    they were derived at a later moment of it than the one at which the session closes.
    """
    session: list[OracleEvent] = []
    for event in events:
        if session:
            end_us = session_end(window, session)
            closed = event.time_us > end_us
            if timer is not None:
                closed = closed or event.order > timer(end_us, session[0])
            if closed:
                yield session
                session = []
        session.append(event)
    if session:
        yield session


def session_end(window: c.CheckedWindow, session: Sequence[OracleEvent]) -> int:
    """The last event + gap, or the first + the maximum."""
    end_us = session[-1].time_us + _length(window)
    return end_us if window.maximum_us is None else min(end_us, session[0].time_us + window.maximum_us)


# ---- calendars ----


def calendar_bounds(unit: str, zone: str, time_us: int) -> tuple[int, int]:
    """The longest stretch around a time during which the clock of the zone shows the same hour, day, week or month.

    An hour that the clock shows twice is two hours.
    """
    where = ZoneInfo(zone)

    def label(at_us: int) -> tuple[object, ...]:
        local = (_EPOCH + timedelta(microseconds=at_us)).astimezone(where)
        match unit:
            case "hour":
                return (local.date(), local.hour, local.utcoffset())
            case "day":
                return (local.date(),)
            case "week":
                return local.isocalendar()[:2]
            case _:
                return (local.year, local.month)

    own = label(time_us)
    before_us = after_us = time_us
    while label(before_us) == own:
        before_us -= QUARTER_US
    while label(after_us) == own:
        after_us += QUARTER_US
    return _edge(label, before_us, own, False), _edge(label, after_us - QUARTER_US, own, True)


def _edge(label: Callable[[int], tuple[object, ...]], low_us: int, own: tuple[object, ...], leaves: bool) -> int:
    """The first microsecond in the quarter of an hour after ``low_us`` at which the label becomes, or stops to be, own."""
    high_us = low_us + QUARTER_US
    while high_us - low_us > 1:
        middle_us = (low_us + high_us) // 2
        if (label(middle_us) == own) is leaves:
            low_us = middle_us
        else:
            high_us = middle_us
    return high_us
