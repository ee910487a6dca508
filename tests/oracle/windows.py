"""Rules over windows by definition, recomputed from all events at each evaluation.

Part of the oracle (see :mod:`tests.oracle.patterns`); which events a window holds is in :mod:`tests.oracle.extents`.

The definition
--------------

1. The input's events are those that fit it (type and condition of one of its alternatives, and ``where``); of these,
   each key has its own, in order (S1, S7). What follows is about one key. In ``where``, ``prev`` is the input's event
   before.
2. A rule over a window that slides is evaluated at each of these events, e. The window at e holds, of the events up to
   and including e, in their order: those with a time of at least that of e minus D (``last D``, S3); the last N (``last
   N events``), with ``within D`` those of them that are in time too; all (``all``); those from the last reset on, the
   reset itself among them if it is of the input (``since``; before the first reset: all); e alone (no ``over``).
3. ``last N events`` is evaluated only where the window holds N events, unless it says ``partial``.
4. In ``when``, ``having`` and ``emit`` a bare name outside aggregates is a key, else a field of e; ``prev`` is the key's
   event before e, in the window or not; ``window.end`` is the time of e, ``window.start`` that time minus D for ``last
   D``, the time of the last reset for ``since``, else the time of the first event in the window.
5. The condition is ``when`` and ``having``. It is true at e if it evaluates to true over the window at e. A failure is
   not true (S15), nor is a window that is not evaluated.
6. ``every time`` (and a rule without ``when``) fires at each e where it is true; ``every N`` at each Nth such e;
   ``while true every D`` at such an e if the key has not fired before, or not for D.
7. Otherwise it fires on rising (S10): at an e where it is true, unless the rule is not armed. A key is armed at first.
   Firing disarms it. An evaluation that is not true arms it. Before e enters, the window without e and without what has
   expired is looked at: what it held at the event before e, less what is too old for the time of e, or from before a
   reset. If it is empty, or the condition is not true over it, the key is armed. Without ``over`` it is always empty.
8. Windows that close (S3): tumbling, hopping and calendar windows [start, end) hold the input's events of that time;
   sessions and windows by count as in :mod:`tests.oracle.extents`. One that holds an event is evaluated once, at the
   timer of its end (a window by count: at its last event), with e its last event; it fires if the condition is true.
9. A derived event has the time of e, or of the window's end; its evidence is the window.
10. ``l crosses above r`` is ``l <= r`` at the key's previous evaluation (for windows that close: that of the window
    before) and ``l > r`` now; at the first evaluation, false and ``l > r``. What fails at the previous one is null.
11. An aggregate with a window of its own ranges over what that window holds at e: of the events up to e those that
    sentence 2 says; for tumbling and calendar windows those of the window that the time of e lies in, for a session
    those of e's session, for a window by count those of e's batch. It is null where sentence 3 leaves it out.

Readings of the specification
-----------------------------

a. Where the window without e is looked at, bare names outside aggregates mean its newest event, ``prev`` the key's
   event before that one, ``window.end`` is the time of e; aggregates with windows of their own range over what those
   held, less what is too old at the time of e.
b. An ``emit`` that fails makes a dead letter; the rule has fired all the same.
c. An event that does not fit the input is no evaluation: time passes for a window only when the next one enters.
d. A reset whose key is null resets nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from cep.language import checked as c
from tests.oracle.extents import Extent, Timer, extents, held, is_full, length_of
from tests.oracle.interpreter import Scope, holds
from tests.oracle.patterns import accepts, key_of
from tests.oracle.values import EvaluationFailure, JoinedOracleEvent, OracleEvent, Order, Value

CLOSING = ("tumbling", "hopping", "tumbling_count", "session", "calendar")


@dataclass(frozen=True)
class Firing:
    """A rule that fires. ``scope`` is what ``emit`` sees; ``moment`` and ``time_us`` are those of the derived event."""

    event: OracleEvent
    scope: Scope
    window: tuple[OracleEvent, ...]
    moment: Order
    time_us: int


class WindowReader:
    """Evaluates one rule over the events of one key. ``failed`` is told the event at which an evaluation failed."""

    def __init__(
        self,
        rule: c.CheckedRule,
        events: Sequence[OracleEvent],
        timer: Timer,
        failed: Callable[[OracleEvent], None] = lambda event: None,
    ) -> None:
        assert rule.input is not None
        self._rule = rule
        self._window = rule.window
        self._timer = timer
        self._failed = failed
        self._all = events
        self._events: list[OracleEvent] = []
        for event in events:
            if self._is_input(rule.input, event):
                self._events.append(event)

    @property
    def closes(self) -> bool:
        """Whether the rule's windows close."""
        return self._window is not None and self._window.kind in CLOSING

    def firings(self) -> list[Firing]:
        """Where the rule fires."""
        return self._closings() if self.closes else self._slidings()

    def windows(self) -> list[Extent]:
        """The windows that close, in the order of their ends."""
        assert self._window is not None
        return extents(self._window, self._events, self._timer)

    # ---- windows that close ----

    def _closings(self) -> list[Firing]:
        found: list[Firing] = []
        before: Scope | None = None
        for extent in self.windows():
            last = extent.events[-1]
            scope = self._scope(extent.events, self._events.index(last), last, before, extent)
            if self._is_true(scope):
                found.append(Firing(last, scope, extent.events, extent.moment, extent.moment[0]))
            before = scope
        return found

    # ---- windows that slide ----

    def _slidings(self) -> list[Firing]:
        found: list[Firing] = []
        firing = self._rule.firing
        is_armed = True
        true_count = 0
        fired_us: int | None = None
        before: Scope | None = None
        for index, event in enumerate(self._events):
            if not self._is_true_without(index, event, before):
                is_armed = True
            window = self._held(index, event)
            if not is_full(self._window, window):
                is_armed = True
                continue
            scope = self._scope(window, index, event, before)
            before = scope
            if not self._is_true(scope):
                is_armed = True
                continue
            true_count += 1
            match firing.kind:
                case "every_count":
                    fires = true_count % (firing.count or 1) == 0
                case "while_true":
                    fires = fired_us is None or event.time_us - fired_us >= (firing.duration_us or 0)
                case "rising" if self._rule.when is not None:
                    fires = is_armed
                case _:
                    fires = True
            if fires:
                fired_us = event.time_us
                found.append(Firing(event, scope, tuple(window), event.order, event.time_us))
            is_armed = False
        return found

    def _is_true_without(self, index: int, event: OracleEvent, before: Scope | None) -> bool:
        """The condition over the window without the event and without what has expired; false if that is empty."""
        if index == 0 or self._window is None:
            return False
        window = self._left_over(self._window, index, event)
        if not window or not is_full(self._window, window):
            return False
        return self._is_true(self._scope(window, index - 1, event, before))

    def _held(self, index: int, event: OracleEvent) -> list[OracleEvent]:
        return held(self._window, self._events[: index + 1], event.time_us, self._resets(self._window, event))

    def _left_over(self, window: c.CheckedWindow, index: int, event: OracleEvent) -> list[OracleEvent]:
        return held(window, self._events[:index], event.time_us, self._resets(window, event))

    def _resets(self, window: c.CheckedWindow | None, event: OracleEvent) -> list[OracleEvent]:
        """The resets up to and including an event."""
        if window is None or window.event is None:
            return []
        return [
            other for other in self._all if other.order <= event.order and self._accepts(window.event, other, Scope())
        ]

    # ---- what is seen ----

    def _scope(
        self,
        window: Sequence[OracleEvent],
        index: int,
        evaluated: OracleEvent,
        before: Scope | None,
        extent: Extent | None = None,
    ) -> Scope:
        newest = self._events[index]
        name = self._rule.input.name if self._rule.input is not None else ""

        def own(over: c.CheckedWindow) -> tuple[Sequence[OracleEvent] | None, int | None]:
            events = held(over, self._events[: index + 1], evaluated.time_us, self._resets(over, evaluated))
            return (events if is_full(over, events) else None), length_of(over, evaluated.time_us)

        return Scope(
            candidate=newest,
            steps={name: window},
            previous=self._events[index - 1] if index > 0 else None,
            events=window,
            keys=self._keys(newest),
            joined=newest if isinstance(newest, JoinedOracleEvent) else None,
            window=(extent.start_us, extent.end_us) if extent else self._bounds(window, evaluated),
            before=before,
            own=own,
            length_us=None if self._window is None else length_of(self._window, newest.time_us),
        )

    def _bounds(self, window: Sequence[OracleEvent], evaluated: OracleEvent) -> tuple[int, int]:
        start_us = window[0].time_us
        if self._window is not None and self._window.kind == "last_time":
            start_us = evaluated.time_us - (self._window.duration_us or 0)
        resets = self._resets(self._window, evaluated)
        return (resets[-1].time_us if resets else start_us), evaluated.time_us

    def _is_true(self, scope: Scope) -> bool:
        try:
            return holds(self._rule.when, scope) and holds(self._rule.having, scope)
        except EvaluationFailure:
            assert scope.candidate is not None
            self._failed(scope.candidate)
            return False

    def _keys(self, event: OracleEvent) -> Mapping[str, Value]:
        return event.keys if isinstance(event, JoinedOracleEvent) else key_of(self._rule.keys, event) or {}

    def _is_input(self, step: c.Step, event: OracleEvent) -> bool:
        if not self._accepts(step, event, Scope()):
            return False
        previous = self._events[-1] if self._events else None
        joined = event if isinstance(event, JoinedOracleEvent) else None
        scope = Scope(candidate=event, previous=previous, keys=self._keys(event), joined=joined)
        try:
            return all(holds(each.expression, scope) for each in self._rule.where)
        except EvaluationFailure:
            self._failed(event)
            return False

    def _accepts(self, step: c.Step, event: OracleEvent, scope: Scope) -> bool:
        try:
            return accepts(step, event, scope)
        except EvaluationFailure:
            self._failed(event)
            return False
