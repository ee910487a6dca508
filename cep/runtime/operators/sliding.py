"""Windows that slide, evaluated at each event that enters: by time, by count, running, and each event by itself.

Runtime layer. Whether a true evaluation fires is decided here too (S10): windows that close have no such memory.
"""

from __future__ import annotations

from typing import Any

from cep.event import Event
from cep.plan.plan import RulePlan
from cep.plan.windows import Single, Sliding
from cep.runtime.emitter import Emitter
from cep.runtime.operators.contents import Row, SlidingContents
from cep.runtime.operators.operator import Output, Receiver, Surroundings
from cep.runtime.operators.window_operator import KeyState, WindowOperator
from cep.runtime.state import EventTable, pack_key, unpack_key


class SlidingState(KeyState):
    """One key, and when it may fire.

    ``armed``: on rising, at the next evaluation that is true. ``true_count``: the true evaluations since the last
    firing of `every N`. ``fired_us``: the last firing, for `while true every D`.
    """

    __slots__ = ("armed", "fired_us", "true_count")

    def __init__(self, *parts: Any) -> None:
        super().__init__(*parts)
        self.armed = True
        self.true_count = 0
        self.fired_us: int | None = None


class SlidingOperator(WindowOperator):
    """A rule over a window that slides, or without `over`."""

    def __init__(self, rule: RulePlan, emitter: Emitter, around: Surroundings) -> None:
        super().__init__(rule, emitter, around)
        self._states: dict[Any, SlidingState] = {}
        form = self.plan.window
        self._length_us = form.length_us if isinstance(form, Sliding) else None
        self._evaluates_part = not isinstance(form, Sliding) or form.count is None or form.partial
        forgets = self._length_us is not None and not self._owns and not self.plan.remembers
        self._span_us = self._length_us if forgets and self.plan.firing.kind != "while_true" else None
        self._on_rising = self.plan.when is not None and self.plan.firing.kind == "rising"
        self._is_stateless = isinstance(form, Single) and not (self._owns or self.plan.remembers)
        self._is_stateless &= self.plan.firing.kind != "while_true"
        self._swept_us: int | None = None

    def receiver(self, event_type: str) -> Receiver:
        """See :class:`Operator`."""
        key_of = self.compile_key(event_type)
        bit, tie = self.compile_input(event_type)
        resets = self.reset_bits(event_type)

        def receive(event: Event, mask: int) -> Output:
            key = self.key_of(key_of, event)
            if key is None:
                return None
            if resets:
                self._reset(key, resets, event, mask)
            if not mask & bit:
                return None
            state = self._states.get(key)
            if tie is not None:
                previous = None if state is None else state.main.newest()
                if not self.holds(tie, (previous,), event, key):
                    return None
            row = self.row_of(event, key)
            if row is None:
                return None
            now_us = event.time_us
            expired = False
            if state is not None:
                expired = self._pass_time(state, now_us)
                if not state.main.events and self._can_forget(state, now_us):
                    del self._states[key]  # as :meth:`expire` would have done: what is dropped does not depend on it
                    state = None
            if state is None:
                state = self._begin(key, now_us)
            return self._evaluate(state, event, row, expired)

        return receive

    def _reset(self, key: Any, bits: list[tuple[int, int]], event: Event, mask: int) -> None:
        state = self._states.get(key)
        if state is None:
            if not self.plan.reads_bounds or not any(mask & bit for _, bit in bits):
                return
            state = self._begin(key, event.time_us)
        self.reset(state, bits, event, mask)
        if self._can_forget(state, event.time_us):
            del self._states[key]

    def _pass_time(self, state: SlidingState, now_us: int) -> bool:
        """Take out what is too old, and tell whether the rule's window lost an event."""
        events = state.main.events
        before = len(events)
        state.main.pass_time(now_us)
        for contents in state.own:
            contents.pass_time(now_us)
        return len(events) < before

    def _evaluate(self, state: SlidingState, event: Event, row: Row, expired: bool) -> Output:
        """S10: look at the window without the event, let it enter, look again."""
        main = state.main
        events = main.events
        if self._on_rising and not state.armed:
            # Where nothing has expired this is the window that was looked at last, and found true.
            looks = expired or self._owns or self.plan.looks_around
            state.armed = not events or (looks and not self._is_true_without(state, event))
        self.enter(state, event, row)
        if not self._evaluates_part and not main.is_full:
            state.armed = True
            return None
        values = self.values(state, event)
        if values is None:
            state.armed = True
            self.remember(state, None, event, events)
            return None
        start_us = self._start_us(state, event)
        bound = self.bound(values, state, start_us, event.time_us)
        true = self.is_true(bound, event, state.key, events)
        fires = self._fires(state, true, event.time_us)
        derived = None
        if fires:
            oldest_us = None if self._length_us is None else event.time_us - self._length_us
            derived = self.fire_rule(state, bound, events, oldest_us, event.time_us)
        self.remember(state, bound, event, events)
        return derived

    def _is_true_without(self, state: SlidingState, event: Event) -> bool:
        """The condition over what was there before the event, less what has expired; bare names mean its newest."""
        events = state.main.events
        if not self._evaluates_part and not state.main.is_full:
            return False
        values = self.values(state, event)
        if values is None:
            return False
        bound = self.bound(values, state, self._start_us(state, event), event.time_us)
        return self.is_true(bound, events[-1], state.key, events)

    def _start_us(self, state: SlidingState, event: Event) -> int | None:
        """``window.start``; null where nobody reads it."""
        if not self.plan.reads_bounds:
            return None
        form, main = self.plan.window, state.main
        if isinstance(main, SlidingContents) and main.since_us is not None:
            return main.since_us
        if isinstance(form, Sliding) and form.length_us is not None and form.count is None:
            return int(event.time_us) - form.length_us
        return main.first_us if main.keep is not None else int(main.events[0].time_us)

    def _fires(self, state: SlidingState, true: bool, now_us: int) -> bool:
        """Whether an evaluation fires, by what the rule says about when it does."""
        firing = self.plan.firing
        if firing.kind == "rising":
            if self.plan.when is None:
                return true
            fires, state.armed = true and state.armed, not true
            return fires
        if not true or firing.kind == "every_time":
            return true
        if firing.kind == "every_count":
            state.true_count += 1
            if state.true_count != firing.count:
                return False
            state.true_count = 0
            return True
        if state.fired_us is not None and now_us - state.fired_us < (firing.duration_us or 0):
            return False
        state.fired_us = now_us
        return True

    # ---- keys ----

    def _begin(self, key: Any, now_us: int) -> SlidingState:
        if self._is_stateless:
            return SlidingState(*self.new_state(key))
        if self._length_us is not None and (self._swept_us is None or now_us - self._swept_us > self._length_us):
            self._swept_us = now_us
            self.expire(now_us)
        if len(self._states) >= self.room:
            self.make_room(self._states, now_us, self._span_us)
        state = self._states[key] = SlidingState(*self.new_state(key))
        return state

    def _can_forget(self, state: SlidingState, now_us: int) -> bool:
        """Whether the key is as if it had never been: a window without events re-arms."""
        if state.main.events or self.plan.remembers or any(contents.events for contents in state.own):
            return False
        if self.plan.firing.kind == "while_true" and state.fired_us is not None:
            return now_us - state.fired_us >= (self.plan.firing.duration_us or 0)
        return True

    def expire(self, now_us: int) -> None:
        """See :class:`Operator`."""
        if self._length_us is None:
            return
        oldest_us = now_us - self._length_us
        for key, state in list(self._states.items()):
            newest = state.main.events[-1] if state.main.events else None
            if newest is None or newest.time_us < oldest_us:
                self._pass_time(state, now_us)
                if self._can_forget(state, now_us):
                    del self._states[key]

    # ---- snapshots ----

    def snapshot(self, table: EventTable) -> Any:
        """See :class:`Operator`."""
        return [
            [pack_key(key), state.armed, state.true_count, state.fired_us, self.pack_state(state, table)]
            for key, state in self._states.items()
        ]

    def restore(self, state: Any, table: EventTable) -> None:
        """See :class:`Operator`."""
        self._states = {}
        for packed, armed, true_count, fired_us, kept in state:
            key = unpack_key(packed)
            restored = self._states[key] = SlidingState(*self.new_state(key))
            restored.armed, restored.true_count, restored.fired_us = armed, true_count, fired_us
            self.unpack_state(kept, restored, table)
