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
from cep.plan.plan import AggregatePlan, WindowGroup
from cep.plan.windows import Aligned, Batch, Calendar, Hopping, Session, Single, Sliding
from cep.runtime.operators.accumulators import ACCUMULATORS, Accumulator
from cep.runtime.state import EventTable

Row = tuple[Any, ...]
"""What the aggregates take from one event."""


class Contents:
    """Events, what the aggregates took from each, and one accumulator per aggregate.

    ``gone`` is the event before the oldest, null until one has left. ``lost_us`` is the time of the newest event that
    the limit `window_events` took out, null where it took none.
    """

    __slots__ = ("accumulators", "aggregates", "events", "gone", "lost_us", "rows")

    def __init__(self, aggregates: Sequence[AggregatePlan]) -> None:
        self.aggregates = aggregates
        self.events: deque[Event] = deque()
        self.rows: deque[Row] = deque()
        self.accumulators: list[Accumulator] = [ACCUMULATORS[a.function]() for a in aggregates]
        self.gone: Event | None = None
        self.lost_us: int | None = None

    def pass_time(self, now_us: int) -> None:
        """Take out what is not in the window at that time, before the events of that time."""

    def enter(self, event: Event, row: Row) -> None:
        """The event comes in with what the aggregates take from it; nulls are skipped."""
        self.events.append(event)
        self.rows.append(row)
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
            self.accumulators = [ACCUMULATORS[a.function]() for a in self.aggregates]

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
        return [[table.number(e) for e in self.events], gone, self.lost_us, self._marks()]

    def restore(self, state: list[Any], table: EventTable, rows: Sequence[Row]) -> None:
        """Take over what :meth:`snapshot` gave. ``rows``: what the aggregates took of its events, taken again."""
        numbers, gone, lost_us, marks = state
        for number, row in zip(numbers, rows, strict=True):
            Contents.enter(self, table.event(number), row)
        self.gone = None if gone is None else table.event(gone)
        self.lost_us = lost_us
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

    def __init__(self, form: Sliding, aggregates: Sequence[AggregatePlan]) -> None:
        super().__init__(aggregates)
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

    def __init__(self, form: Aligned, aggregates: Sequence[AggregatePlan]) -> None:
        super().__init__(aggregates)
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
        Contents.enter(self, event, row)

    def _marks(self) -> Any:
        return self._end_us

    def _set_marks(self, marks: Any) -> None:
        self._end_us = marks


class SessionContents(Contents):
    """The session of now, as far as it has come."""

    __slots__ = ("_form", "end_us", "start_us")

    def __init__(self, form: Session, aggregates: Sequence[AggregatePlan]) -> None:
        super().__init__(aggregates)
        self._form = form
        self.start_us = 0
        self.end_us = 0

    def pass_time(self, now_us: int) -> None:
        if self.events and now_us > self.end_us:
            self.clear()

    def enter(self, event: Event, row: Row) -> None:
        if not self.events:
            self.start_us = event.time_us
        self.end_us = self._form.end_us(self.start_us, event.time_us)
        Contents.enter(self, event, row)

    def _marks(self) -> Any:
        return [self.start_us, self.end_us]

    def _set_marks(self, marks: Any) -> None:
        self.start_us, self.end_us = marks


class BatchContents(Contents):
    """The batch of now: it holds its last event until the next one comes."""

    __slots__ = ("_form", "entered", "start_us")

    def __init__(self, form: Batch, aggregates: Sequence[AggregatePlan]) -> None:
        super().__init__(aggregates)
        self._form = form
        self.entered = 0
        """How many events it has taken, those included that a limit took out again."""
        self.start_us = 0

    def enter(self, event: Event, row: Row) -> None:
        if self.is_complete:
            self.clear()
            self.entered = 0
        if not self.entered:
            self.start_us = event.time_us
        self.entered += 1
        Contents.enter(self, event, row)

    @property
    def is_complete(self) -> bool:
        """Whether it has taken all its events."""
        return self.entered == self._form.count

    def _marks(self) -> Any:
        return [self.entered, self.start_us]

    def _set_marks(self, marks: Any) -> None:
        self.entered, self.start_us = marks


def contents_of(group: WindowGroup) -> Contents:
    """Empty contents of the form of a window."""
    form, aggregates = group.form, group.aggregates
    if isinstance(form, Sliding):
        return SlidingContents(form, aggregates)
    if isinstance(form, Session):
        return SessionContents(form, aggregates)
    if isinstance(form, Batch):
        return BatchContents(form, aggregates)
    if isinstance(form, Single):
        return SingleContents(aggregates)
    assert isinstance(form, Hopping | Calendar)
    return AlignedContents(form, aggregates)
