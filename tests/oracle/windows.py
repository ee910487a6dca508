"""Windows by definition: ``from … over last D``, recomputed from all events at each evaluation.

Part of the oracle (see :mod:`tests.oracle.patterns`).

The definition
--------------

1. The input's events are those that fit it (type and condition of one of its alternatives); of these, each key has its
   own, in order (S1, S7). What follows is about one key.
2. The rule is evaluated at each of these events, e. The window at e holds the events up to and including e, in their
   order, with a time of at least that of e minus D (S3).
3. In ``when`` and ``emit`` a bare name outside aggregates is a key, else a field of e; ``prev`` is the key's event
   before e, in the window or not; ``window.start`` is the time of e minus D, ``window.end`` the time of e.
4. ``when`` is true at e if it evaluates to true over the window at e. A failure is not true (S15).
5. ``every time`` (and a rule without ``when``) fires at each e where it is true.
6. Otherwise it fires on rising (S10): at an e where it is true, unless the rule is not armed. A key is armed at first.
   Firing disarms it. An evaluation that is not true arms it. Before e enters, the window without e and without what
   has expired is looked at: the events before e with a time of at least that of e minus D. If it is empty, or ``when``
   is not true over it, the key is armed.
7. A derived event has the time of e; its evidence is the window.

Readings of the specification
-----------------------------

a. Where the window without e is looked at, bare names outside aggregates mean its newest event, ``prev`` the key's
   event before that one, and ``window.start``/``end`` are those of e.
b. An ``emit`` that fails makes a dead letter; the rule has fired all the same.
c. An event that does not fit the input is no evaluation: time passes for a window only when the next one enters.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from cep.language import checked as c
from tests.oracle.interpreter import Scope, holds
from tests.oracle.patterns import accepts, key_of
from tests.oracle.values import EvaluationFailure, JoinedOracleEvent, OracleEvent, Unsupported


@dataclass(frozen=True)
class Firing:
    """A rule that fires at an event. ``scope`` is what ``emit`` sees."""

    event: OracleEvent
    scope: Scope
    window: tuple[OracleEvent, ...]


class WindowReader:
    """Evaluates one rule over the events of one key. ``failed`` is told the event at which an evaluation failed."""

    def __init__(
        self,
        rule: c.CheckedRule,
        events: Sequence[OracleEvent],
        failed: Callable[[OracleEvent], None] = lambda event: None,
    ) -> None:
        if rule.window is None or rule.window.kind != "last_time" or rule.joins:
            raise Unsupported("windows other than `over last D`")
        if rule.firing.kind not in ("rising", "every_time"):
            raise Unsupported(rule.firing.kind)
        if rule.having is not None or rule.where:
            raise Unsupported("`having` and `where` in a rule over windows")
        assert rule.input is not None
        assert rule.window.duration_us is not None
        self._rule = rule
        self._duration_us = rule.window.duration_us
        self._failed = failed
        self._events = [event for event in events if self._is_input(rule.input, event)]

    def firings(self) -> list[Firing]:
        """Where the rule fires (sentences 2 to 6)."""
        found: list[Firing] = []
        is_armed = True
        for index, event in enumerate(self._events):
            scope = self._scope(self._window(index, event), index, event)
            if index == 0 or not self._is_true(self._before(index, event)):
                is_armed = True
            if not self._is_true(scope):
                is_armed = True
                continue
            if is_armed or self._rule.firing.kind == "every_time" or self._rule.when is None:
                found.append(Firing(event, scope, tuple(scope.events)))
            is_armed = False
        return found

    def _window(self, index: int, event: OracleEvent) -> list[OracleEvent]:
        """The events up to ``index`` that have not expired when ``event`` is evaluated."""
        start_us = event.time_us - self._duration_us
        return [other for other in self._events[: index + 1] if other.time_us >= start_us]

    def _before(self, index: int, event: OracleEvent) -> Scope | None:
        """The window without the event and without what has expired; null if it is empty."""
        window = self._window(index - 1, event)
        return self._scope(window, index - 1, event) if window else None

    def _scope(self, window: Sequence[OracleEvent], index: int, evaluated: OracleEvent) -> Scope:
        newest = self._events[index]
        name = self._rule.input.name if self._rule.input is not None else ""
        return Scope(
            candidate=newest,
            steps={name: window},
            previous=self._events[index - 1] if index > 0 else None,
            events=window,
            keys=newest.keys if isinstance(newest, JoinedOracleEvent) else key_of(self._rule.keys, newest) or {},
            joined=newest if isinstance(newest, JoinedOracleEvent) else None,
            window=(evaluated.time_us - self._duration_us, evaluated.time_us),
        )

    def _is_true(self, scope: Scope | None) -> bool:
        if scope is None:
            return False
        try:
            return holds(self._rule.when, scope)
        except EvaluationFailure:
            assert scope.candidate is not None
            self._failed(scope.candidate)
            return False

    def _is_input(self, step: c.Step, event: OracleEvent) -> bool:
        try:
            return accepts(step, event, Scope())
        except EvaluationFailure:
            self._failed(event)
            return False
