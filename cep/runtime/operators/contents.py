"""What one window of one key holds: its events in order, and the accumulators that follow them. Runtime layer.

An event enters and leaves each accumulator once, so the cost per event does not depend on the length of the window, but
for aggregates that list values. The subclasses know when events leave: :func:`contents_of` makes the one for a form.

Order of calls at an event: :meth:`Contents.pass_time`, then perhaps a look, then :meth:`Contents.enter`. The windows of
an aggregate's own, and those of rules that are evaluated at each event, are read this way whatever their form; rules
whose windows close use :class:`Contents` itself and take the events out on their own.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import Any

from cep.event import Event
from cep.plan.plan import WindowGroup
from cep.plan.windows import Aligned, Batch, Calendar, Hopping, Session, Single, Sliding, length_us
from cep.runtime.limits import Limits
from cep.runtime.operators.accumulators import Accumulator, make_accumulator
from cep.runtime.operators.running import RUNNING, pack_accumulator, unpack_accumulator
from cep.runtime.state import EventTable

Row = tuple[Any, ...]
"""What the aggregates take from one event."""


class Contents:
    """Events, what the aggregates took from each, and one accumulator per aggregate.

    ``gone`` is the event before the oldest, null until one has left. ``first_us`` is the time of the first event that
    came into an empty window. ``lost_us`` is the time of the newest event that the limit `window_events` took out, null
    where it took none. ``keep`` is null where all events are kept, else how many of the newest are, and their rows not.
    """

    __slots__ = ("_group", "_length_us", "accumulators", "events", "first_us", "gone", "keep", "lost_us", "rows")

    def __init__(self, group: WindowGroup, keep: int | None) -> None:
        self._group = group
        self._length_us = length_us(group.form)
        self.keep = keep
        self.events: deque[Event] = deque()
        self.rows: deque[Row] = deque()
        self.accumulators = self._new_accumulators()
        self.gone: Event | None = None
        self.first_us = 0
        self.lost_us: int | None = None

    def _new_accumulators(self) -> list[Accumulator]:
        aggregates = self._group.aggregates
        if self.keep is None:
            return [make_accumulator(aggregate, self._length_us) for aggregate in aggregates]
        return [RUNNING[aggregate.function]() for aggregate in aggregates]

    def last_long(self, length_us: int) -> None:
        """A window of another length begins; it is empty."""
        if length_us != self._length_us:
            self._length_us = length_us
            self.accumulators = self._new_accumulators()

    def pass_time(self, now_us: int) -> None:
        """Take out what is not in the window at that time, before the events of that time."""

    def enter(self, event: Event, row: Row) -> None:
        """The event comes in with what the aggregates take from it; nulls are skipped."""
        events = self.events
        if not events:
            self.first_us = event.time_us
        events.append(event)
        if self.keep is None:
            self.rows.append(row)
        elif len(events) > self.keep:
            self.gone = events.popleft()
        for accumulator, value in zip(self.accumulators, row, strict=True):
            if value is not None:
                accumulator.add(value)

    def leave(self) -> None:
        """The oldest event goes."""
        self.gone = self.events.popleft()
        for accumulator, value in zip(self.accumulators, self.rows.popleft(), strict=True):
            if value is not None:
                accumulator.remove(value)

    def lose(self) -> None:
        """The oldest event goes because of a limit."""
        self.lost_us = self.events[0].time_us
        self.leave()

    def clear(self) -> None:
        """All events go."""
        self.lost_us = None
        if self.events:
            self.gone = self.events[-1]
            self.events.clear()
            self.rows.clear()
            self.accumulators = self._new_accumulators()

    @property
    def is_full(self) -> bool:
        """Whether it is evaluated."""
        return True

    def values(self) -> Row:
        """The aggregates as they stand.

        Raises:
            EvaluationError: one of them fails on this data (an int sum beyond 64 bits).
        """
        return tuple([accumulator.value() for accumulator in self.accumulators])

    def own_values(self) -> Row:
        """The same for the window of an aggregate's own: null where it is not evaluated. Raises as :meth:`values`."""
        return self.values() if self.is_full else (None,) * len(self.accumulators)

    def newest(self) -> Event | None:
        """The event that came last, in the window or not."""
        return self.events[-1] if self.events else self.gone

    def previous(self) -> Event | None:
        """The event before the newest one, in the window or not."""
        return self.events[-2] if len(self.events) > 1 else self.gone

    def lacks(self, since_us: int | None) -> bool:
        """Whether the limit took out an event from that time on (null: any)."""
        return self.lost_us is not None and (since_us is None or self.lost_us >= since_us)

    # ---- snapshots ----

    def snapshot(self, table: EventTable) -> list[Any]:
        """Plain data, for :meth:`restore`."""
        gone = None if self.gone is None else table.number(self.gone)
        running = None if self.keep is None else [pack_accumulator(each) for each in self.accumulators]
        events = [table.number(event) for event in self.events]
        return [events, gone, self._length_us, self.first_us, self.lost_us, running, self._marks()]

    def restore(self, state: list[Any], table: EventTable, rows: Sequence[Row]) -> None:
        """Take over what :meth:`snapshot` gave. ``rows``: what the aggregates took of its events, taken again."""
        numbers, gone, length_us, first_us, lost_us, running, marks = state
        if length_us is not None:
            self.last_long(length_us)
        for number, row in zip(numbers, rows, strict=True):
            Contents.enter(self, table.event(number), row)
        for packed, accumulator in zip(running or (), self.accumulators, strict=False):
            unpack_accumulator(packed, accumulator)
        self.gone = None if gone is None else table.event(gone)
        self.first_us, self.lost_us = first_us, lost_us
        self._set_marks(marks)

    def _marks(self) -> Any:
        """What else the subclass knows, plain data."""

    def _set_marks(self, marks: Any) -> None:
        """Take over what :meth:`_marks` gave."""


class SingleContents(Contents):
    """Each event by itself."""

    __slots__ = ()

    def pass_time(self, now_us: int) -> None:
        self.clear()


class SlidingContents(Contents):
    """``last D``, ``last N events``, ``all`` and ``since``."""

    __slots__ = ("_form", "since_us")

    def __init__(self, form: Sliding, group: WindowGroup, keep: int | None) -> None:
        super().__init__(group, keep)
        self._form = form
        self.since_us: int | None = None
        """The time of the last reset."""

    def pass_time(self, now_us: int) -> None:
        length_us = self._form.length_us
        if length_us is not None:
            events = self.events
            oldest_us = now_us - length_us
            while events and events[0].time_us < oldest_us:
                self.leave()
        if not self.events:
            self.lost_us = None

    def enter(self, event: Event, row: Row) -> None:
        Contents.enter(self, event, row)
        count = self._form.count
        if count is not None and len(self.events) > count:
            self.leave()

    def reset(self, time_us: int) -> None:
        """The event that the window is counted from has come."""
        self.clear()
        self.since_us = time_us

    @property
    def is_full(self) -> bool:
        return self._form.count is None or self._form.partial or len(self.events) == self._form.count

    def _marks(self) -> Any:
        return self.since_us

    def _set_marks(self, marks: Any) -> None:
        self.since_us = marks


class AlignedContents(Contents):
    """The tumbling or calendar window of now, as far as it has come."""

    __slots__ = ("_end_us", "_form")

    def __init__(self, form: Aligned, group: WindowGroup, keep: int | None) -> None:
        super().__init__(group, keep)
        self._form = form
        self._end_us: int | None = None

    def pass_time(self, now_us: int) -> None:
        if self._end_us is not None and now_us >= self._end_us:
            self.clear()
            self._end_us = None

    def enter(self, event: Event, row: Row) -> None:
        if self._end_us is None:
            bounds = self._form.first(event.time_us)
            assert bounds is not None
            self._end_us = bounds[1]
            self.last_long(bounds[1] - bounds[0])
        Contents.enter(self, event, row)

    def _marks(self) -> Any:
        return self._end_us

    def _set_marks(self, marks: Any) -> None:
        self._end_us = marks


class SessionContents(Contents):
    """The session of now, as far as it has come."""

    __slots__ = ("_form", "end_us")

    def __init__(self, form: Session, group: WindowGroup, keep: int | None) -> None:
        super().__init__(group, keep)
        self._form = form
        self.end_us = 0

    def pass_time(self, now_us: int) -> None:
        if self.events and now_us > self.end_us:
            self.clear()

    def enter(self, event: Event, row: Row) -> None:
        Contents.enter(self, event, row)
        self.end_us = self._form.end_us(self.first_us, event.time_us)

    def _marks(self) -> Any:
        return self.end_us

    def _set_marks(self, marks: Any) -> None:
        self.end_us = marks


class BatchContents(Contents):
    """The batch of now: it holds its last event until the next one comes."""

    __slots__ = ("_form", "entered")

    def __init__(self, form: Batch, group: WindowGroup, keep: int | None) -> None:
        super().__init__(group, keep)
        self._form = form
        self.entered = 0
        """How many events it has taken, those included that a limit took out again."""

    def enter(self, event: Event, row: Row) -> None:
        if self.is_complete:
            self.clear()
            self.entered = 0
        self.entered += 1
        Contents.enter(self, event, row)

    @property
    def is_complete(self) -> bool:
        """Whether it has taken all its events."""
        return self.entered == self._form.count

    def _marks(self) -> Any:
        return self.entered

    def _set_marks(self, marks: Any) -> None:
        self.entered = marks


def events_kept(group: WindowGroup, limits: Limits) -> int | None:
    """How many of the newest events contents keep: enough for the evidence to tell that there were more; null: all."""
    return None if group.keeps_events else max(1, min(limits.evidence + 1, limits.window_events))


def contents_of(group: WindowGroup, limits: Limits) -> Contents:
    """Empty contents of the form of a window."""
    form, keep = group.form, events_kept(group, limits)
    if isinstance(form, Sliding):
        return SlidingContents(form, group, keep)
    if isinstance(form, Session):
        return SessionContents(form, group, keep)
    if isinstance(form, Batch):
        return BatchContents(form, group, keep)
    if isinstance(form, Single):
        return SingleContents(group, keep)
    assert isinstance(form, Hopping | Calendar)
    return AlignedContents(form, group, keep)
