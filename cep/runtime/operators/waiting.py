"""Loops that are complete once something has stayed away: `3+ A then no B for 10 minutes`. Runtime layer.

As :mod:`cep.runtime.operators.shared`, for the patterns that :attr:`cep.plan.plan.PatternPlan.waits_together`
describes. All readings that a loop's event was bound by wait for one deadline, which is that event's time and the
length of the wait: a key has one timer, for the earliest. While a reading waits, an event that must stay away is always
in its zone, since the timer goes off before anything later comes; so what an event does to a reading still follows from
where it stands.

Cost per event: that of the cohorts; per deadline the nodes that the key holds.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from cep.event import Event
from cep.plan.plan import RulePlan
from cep.runtime.emitter import Emitter
from cep.runtime.operators.cohorts import Cohort, KeyCohorts, Node, Stand
from cep.runtime.operators.keyed import Taker
from cep.runtime.operators.operator import Output, Surroundings
from cep.runtime.operators.shared import SharedOperator
from cep.runtime.state import EventTable
from cep.runtime.timers import Waiting


class Wake:
    """The timer of a key. ``deadline_us`` is the earliest deadline of its readings; null: none of them waits."""

    __slots__ = ("alive", "deadline_us", "key", "timer_us")

    serial = 0

    def __init__(self, key: Any) -> None:
        self.key = key
        self.alive = True
        self.deadline_us: int | None = None
        self.timer_us: int | None = None


class WaitingOperator(SharedOperator):
    """Cohorts of readings, per key, that are complete when their time has passed."""

    def __init__(self, rule: RulePlan, emitter: Emitter, around: Surroundings) -> None:
        super().__init__(rule, emitter, around)
        self._wakes: dict[Any, Wake] = {}
        self._past_last = self._plan.skip.strategy == "past_last"

    def taker(self, event_type: str) -> Taker:
        """See :class:`KeyedOperator`."""
        take = super().taker(event_type)

        def take_and_watch(event: Event, mask: int, key: Any) -> Output:
            derived = take(event, mask, key)
            self._watch(key)
            return derived

        return take_and_watch

    def _watch(self, key: Any) -> None:
        """Set the timer of the key to its earliest deadline."""
        state = self.states.get(key)
        wake = self._wakes.get(key)
        if state is None:
            if wake is not None:
                wake.alive = False
                del self._wakes[key]
            return
        if wake is None:
            wake = self._wakes[key] = Wake(key)
        wake.deadline_us = min([deadline_us for _, deadline_us in self._ends(state)], default=None)
        if wake.deadline_us is not None:
            self.around.timers.postpone(wake.deadline_us, self.rule.number, wake)

    def _ends(self, state: KeyCohorts) -> Iterator[tuple[Node, int]]:
        """The nodes whose readings wait, with their deadlines."""
        for stand, cohort in state.cohorts.items():
            after_us = self._wait_of(stand)
            if after_us is not None:
                yield from ((node, node.event.time_us + after_us) for node in self._living(state, cohort))

    def _living(self, state: KeyCohorts, cohort: Cohort) -> Iterator[Node]:
        return (node for node in cohort.nodes if state.is_live(node))

    def _wait_of(self, stand: Stand) -> int | None:
        """How long readings that stand there wait after their last event; null where they do not."""
        finish = self._finish_of(stand)
        return None if finish is None or finish.watches & stand.spoiled else finish.after_us

    # ---- time ----

    def fire(self, run: Waiting, deadline_us: int) -> Output:
        """The first match at a deadline of a key; the timer stays where there may be another."""
        state = self.states.get(run.key)
        if state is None:
            self._watch(run.key)
            return None
        nodes = self._first_match(state, deadline_us)
        derived = None
        if nodes is not None:
            degraded = state.degraded or self.is_degraded(deadline_us)
            derived = self._match(nodes, nodes[-1].event, run.key, degraded, deadline_us)
            before = state.counted
            self._runs.alive += state.count() - before
            if not state.cohorts:
                self._forget(run.key)
        self._watch(run.key)
        return derived

    def _first_match(self, state: KeyCohorts, deadline_us: int) -> list[Node] | None:
        """The first of the readings that are complete then, which is gone, and what its strategy removes with it."""
        due = [node for node, end_us in self._ends(state) if end_us == deadline_us]
        if not due:
            return None
        nodes = state.preferred_readings(due, only_first=True)[0]
        if self._past_last:
            state.rebuild(used=frozenset([node.serial for node in nodes]))
        else:
            state.rebuild(ended=frozenset([nodes[0].serial]))
        return nodes

    def pending(self) -> list[Waiting]:
        """See :class:`Operator`. Each match that would be made, found on a copy."""
        found: list[tuple[int, int, Wake]] = []
        for key, state in self.states.items():
            copy = state.copy()
            while (deadline_us := min([end_us for _, end_us in self._ends(copy)], default=None)) is not None:
                nodes = self._first_match(copy, deadline_us)
                assert nodes is not None
                wake = Wake(key)
                wake.deadline_us = deadline_us
                found.append((deadline_us, nodes[0].serial, wake))
        found.sort(key=lambda each: each[:2])
        return [wake for _, _, wake in found]

    def restore(self, state: Any, table: EventTable) -> None:
        """See :class:`Operator`."""
        super().restore(state, table)
        for key in self.states:
            self._watch(key)
