"""Windows that close, each evaluated once: tumbling, hopping, calendar, sessions, batches. Runtime layer.

A window [start, end) of time closes by a timer at its end, which fires once the watermark is greater (as a deadline
does, S4), so that events of that very instant, which belong to the next window, come before what is derived from this
one (S5). Overlapping windows of a key follow each other like one that slides from end to end: an event enters and
leaves the accumulators once, however many windows hold it. What comes for a later window than the open one waits
beside it.
"""

from __future__ import annotations

from abc import abstractmethod
from collections import deque
from collections.abc import Iterator
from typing import Any

from cep.event import Event
from cep.functions.records import EvaluationError
from cep.plan.plan import RulePlan
from cep.plan.windows import Aligned, Batch, Calendar, Hopping, Session, longest_us
from cep.runtime.emitter import Emitter
from cep.runtime.operators.contents import BatchContents, Contents, Row, SessionContents, events_kept
from cep.runtime.operators.operator import Output, Receiver, Surroundings
from cep.runtime.operators.window_operator import KeyState, WindowOperator
from cep.runtime.state import EventTable, pack_key, pack_value, unpack_key, unpack_value
from cep.runtime.timers import Waiting


class ClosingState(KeyState):
    """One key and its open window, as a timer knows it.

    ``end_us`` is the end of the open window, null where none is; ``deadline_us`` the timer that is set.
    """

    __slots__ = ("alive", "deadline_us", "end_us", "own_then", "serial", "start_us", "waiting")

    def __init__(self, *parts: Any) -> None:
        super().__init__(*parts)
        self.alive = True
        self.serial = 0
        self.deadline_us: int | None = None
        self.start_us = 0
        self.end_us: int | None = None
        self.own_then: Row | None = ()
        """The aggregates with windows of their own, as of the last event in the open window; null where they failed."""
        self.waiting: deque[tuple[Event, Row, Row | None]] = deque()
        """Events of a later window than the open one, with the same as of them."""


class ClosingOperator(WindowOperator):
    """What rules over windows that close share."""

    def __init__(self, rule: RulePlan, emitter: Emitter, around: Surroundings) -> None:
        super().__init__(rule, emitter, around)
        self._states: dict[Any, ClosingState] = {}
        forgets = not self._owns and not self.plan.remembers
        self._span_us = longest_us(self.plan.window) if forgets else None

    def receiver(self, event_type: str) -> Receiver:
        """See :class:`Operator`."""
        key_of = self.compile_key(event_type)
        bit, tie = self.compile_input(event_type)
        resets = self.reset_bits(event_type)

        def receive(event: Event, mask: int) -> Output:
            key = self.key_of(key_of, event)
            if key is None:
                return None
            state = self._states.get(key)
            if resets and state is not None:
                self.reset(state, resets, event, mask)
            if not mask & bit:
                return None
            if tie is not None and not self.holds(tie, (self._newest(state),), event, key):
                return None
            row = self.row_of(event, key)
            if row is None:
                return None
            if state is None:
                state = self._begin(key, event.time_us)
            return self._take_in(state, event, row)

        return receive

    @abstractmethod
    def _take_in(self, state: ClosingState, event: Event, row: Row) -> Output:
        """The event is of the input."""

    @staticmethod
    def _newest(state: ClosingState | None) -> Event | None:
        """The key's event before."""
        if state is None:
            return None
        return state.waiting[-1][0] if state.waiting else state.main.newest()

    def _begin(self, key: Any, now_us: int) -> ClosingState:
        if len(self._states) >= self.room:
            dropped = self.make_room(self._states, now_us, self._span_us)
            if dropped is not None:
                dropped.alive = False
        state = self._states[key] = ClosingState(*self.new_state(key))
        return state

    def _enter_own(self, state: ClosingState, event: Event, row: Row) -> Row | None:
        """The aggregates with windows of their own once the event is in them; null where one fails."""
        if not self._owns:
            return ()
        for contents in state.own:
            contents.pass_time(event.time_us)
        self.enter_own(state, event, row)
        try:
            return self.own_values(state)
        except EvaluationError as error:
            self.around.report(self.rule.name, event, error)
            return None

    def _close(self, state: ClosingState, start_us: int, end_us: int, time_us: int) -> Output:
        """The one evaluation of a window."""
        events = state.main.events
        event = events[-1]
        values = self._values_at_close(state, event)
        bound = None if values is None else self.bound(values, state, start_us, end_us)
        derived = None
        if bound is not None and self.is_true(bound, event, state.key, events):
            derived = self.fire_rule(state, bound, events, start_us, time_us)
        self.remember(state, bound, event, events)
        return derived

    def _values_at_close(self, state: ClosingState, event: Event) -> Row | None:
        if state.own_then is None:
            return None
        try:
            return (*state.main.values(), *state.own_then)
        except EvaluationError as error:
            self.around.report(self.rule.name, event, error)
            return None

    def _set_end(self, state: ClosingState, end_us: int) -> None:
        """The open window ends then."""
        state.end_us = end_us
        if state.deadline_us is None:
            state.deadline_us = end_us
            self.around.timers.set(end_us, self.rule.number, state)

    def _forget(self, state: ClosingState) -> None:
        """The key has no open window."""
        state.end_us = state.deadline_us = None
        if not self.plan.remembers and not any(contents.events for contents in state.own):
            state.alive = False
            del self._states[state.key]

    def expire(self, now_us: int) -> None:
        """See :class:`Operator`. Windows close by their timers; what is left are windows that aggregates have."""
        if not self._owns or self.plan.remembers:
            return
        for state in [s for s in self._states.values() if s.end_us is None and not s.main.events]:
            for contents in state.own:
                contents.pass_time(now_us)
            self._forget(state)

    # ---- snapshots ----

    def snapshot(self, table: EventTable) -> Any:
        """See :class:`Operator`."""
        return [
            [
                pack_key(key),
                state.start_us,
                state.end_us,
                _pack_row(state.own_then),
                [[table.number(event), _pack_row(then)] for event, _, then in state.waiting],
                self.pack_state(state, table),
            ]
            for key, state in self._states.items()
        ]

    def restore(self, state: Any, table: EventTable) -> None:
        """See :class:`Operator`."""
        self._states = {}
        for packed, start_us, end_us, own_then, waiting, kept in state:
            key = unpack_key(packed)
            restored = self._states[key] = ClosingState(*self.new_state(key))
            restored.start_us = start_us
            self.unpack_state(kept, restored, table)
            restored.own_then = _unpack_row(own_then)
            for number, then in waiting:
                event = table.event(number)
                restored.waiting.append((event, self._take((), event, key, None), _unpack_row(then)))
            if end_us is not None:
                self._set_end(restored, end_us)


class AlignedOperator(ClosingOperator):
    """Tumbling, hopping and calendar windows."""

    def __init__(self, rule: RulePlan, emitter: Emitter, around: Surroundings) -> None:
        super().__init__(rule, emitter, around)
        form = self.plan.window
        assert isinstance(form, Hopping | Calendar)
        self._form: Aligned = form
        self._known: tuple[int, int] = (0, 0)

    def new_state(self, key: Any) -> Any:
        """The open window's events are taken out here, when the next one opens."""
        key, _, own, sides = super().new_state(key)
        group = self.plan.groups[0]
        return key, Contents(group, events_kept(group, self.limits)), own, sides

    def _take_in(self, state: ClosingState, event: Event, row: Row) -> None:
        time_us = event.time_us
        own = self._enter_own(state, event, row)
        if state.end_us is None:
            bounds = self._first(time_us)
            if bounds is None:  # it lies between two windows
                state.main.gone = event
                self._forget(state)
                return
            state.start_us = bounds[0]
            state.main.last_long(bounds[1] - bounds[0])
            self._set_end(state, bounds[1])
        state.waiting.append((event, row, own))
        assert state.end_us is not None
        if time_us < state.end_us:
            self._enter_waiting(state)
        elif len(state.waiting) > self.limits.window_events:
            state.main.lost_us = state.waiting.popleft()[0].time_us
            self.count_limit("window_events")

    def _first(self, time_us: int) -> tuple[int, int] | None:
        """The earliest window of a time; the last one found is tried first, since calendars take long."""
        if isinstance(self._form, Calendar):
            if not self._known[0] <= time_us < self._known[1]:
                self._known = self._form.first(time_us)
            return self._known
        return self._form.first(time_us)

    def _enter_waiting(self, state: ClosingState) -> None:
        event, row, state.own_then = state.waiting.popleft()
        state.main.enter(event, row[self._slices[0]] if self._owns else row)
        self.bound_events(state.main)

    def fire(self, run: Waiting, deadline_us: int) -> Output:
        """See :class:`Operator`."""
        assert isinstance(run, ClosingState)
        derived = self._close(run, run.start_us, deadline_us, deadline_us) if run.main.events else None
        run.deadline_us = None
        self._open_next(run)
        return derived

    def _open_next(self, state: ClosingState) -> None:
        """Let go what is in no later window, and open the next one that holds an event, if there is one."""
        main, waiting = state.main, state.waiting
        if not self._form.overlaps and state.end_us is not None:
            lost_us = main.lost_us
            main.clear()
            main.lost_us = lost_us
        while main.events or waiting:
            oldest = main.events[0] if main.events else waiting[0][0]
            bounds = self._next(state, oldest.time_us)
            if bounds is None:
                if not main.events:
                    self._enter_waiting(state)
                main.leave()
                continue
            state.start_us, end_us = bounds
            if not main.events:
                main.last_long(end_us - state.start_us)
            while waiting and waiting[0][0].time_us < end_us:
                self._enter_waiting(state)
            self._set_end(state, end_us)
            return
        self._forget(state)

    def _next(self, state: ClosingState, time_us: int) -> tuple[int, int] | None:
        if state.end_us is None:
            return self._first(time_us)
        return self._form.later(state.start_us, time_us)

    def pending(self) -> list[Waiting]:
        """See :class:`Operator`: each open window once."""
        return [state for state in self._states.values() for _ in self._open(state)]

    def _open(self, state: ClosingState) -> Iterator[int]:
        """The starts of the windows that hold an event and have not closed."""
        if state.end_us is None:
            return
        start_us = state.start_us
        yield start_us
        for event in [*state.main.events, *(event for event, _, _ in state.waiting)]:
            while (bounds := self._form.later(start_us, event.time_us)) is not None:
                start_us = bounds[0]
                yield start_us


class SessionOperator(ClosingOperator):
    """Sessions. The timer stays where it is while events come, and is set anew when it is due too early."""

    def _take_in(self, state: ClosingState, event: Event, row: Row) -> None:
        assert isinstance(state.main, SessionContents)
        state.own_then = self._enter_own(state, event, row)
        state.main.enter(event, row[self._slices[0]] if self._owns else row)
        self.bound_events(state.main)
        self._set_end(state, state.main.end_us)

    def fire(self, run: Waiting, deadline_us: int) -> Output:
        """See :class:`Operator`."""
        assert isinstance(run, ClosingState)
        assert isinstance(run.main, SessionContents)
        assert run.end_us is not None
        run.deadline_us = None
        if run.end_us > deadline_us:
            self._set_end(run, run.end_us)
            return None
        derived = self._close(run, run.main.first_us, deadline_us, deadline_us)
        run.main.clear()
        self._forget(run)
        return derived

    def pending(self) -> list[Waiting]:
        """See :class:`Operator`: the sessions that have not ended."""
        return [state for state in self._states.values() if state.end_us is not None]


class BatchOperator(ClosingOperator):
    """Tumbling by count: a window closes at its last event. One that is not full never does."""

    def _take_in(self, state: ClosingState, event: Event, row: Row) -> Output:
        main = state.main
        assert isinstance(main, BatchContents)
        state.own_then = self._enter_own(state, event, row)
        main.enter(event, row[self._slices[0]] if self._owns else row)
        self.bound_events(main)
        if not main.is_complete:
            return None
        derived = self._close(state, main.first_us, event.time_us, event.time_us)
        main.clear()
        main.entered = 0
        self._forget(state)
        return derived


def _pack_row(row: Row | None) -> list[Any] | None:
    return None if row is None else [pack_value(value) for value in row]


def _unpack_row(row: list[Any] | None) -> Row | None:
    return None if row is None else tuple(unpack_value(value) for value in row)


CLOSING: dict[type, type[ClosingOperator]] = {
    Hopping: AlignedOperator,
    Calendar: AlignedOperator,
    Session: SessionOperator,
    Batch: BatchOperator,
}
"""The operator for each form of window that closes."""
