"""`3+ A then B within D`: all events of the loop that are in time, and the one that comes after them. Runtime layer.

A specialised form of :class:`cep.runtime.operators.shared.SharedOperator` for the patterns that
:func:`cep.plan.loop_then_step.is_loop_then_step` describes. Each event of the loop starts a reading, and the readings
differ in their starts alone: so the readings of a key are one list of events, and a reading is the rest of it from its
start on. The oldest that lives is the one that completes first, and holds the events of all others. The tests hold the
two operators, and the general one, against each other.

A loop holds no more events than a key may have readings, so the limit on those is the one that binds.
"""

from __future__ import annotations

from typing import Any

from cep.event import Event
from cep.plan.generate.inlined import Inlined, place
from cep.plan.generate.support import Bound
from cep.plan.plan import PatternPlan, RulePlan
from cep.runtime.emitter import Derived, Emitter
from cep.runtime.operators.operator import Operator, Receiver, Surroundings
from cep.runtime.state import EventTable, pack_key, unpack_key

_UNLOOKED = 64
"""So many events of a key are kept before it is looked whether the first are out of time."""

_SKIP = "not mask & looping and len(find(key, nothing)) < needed"
"""Too few events for a match however old they are: most events of the step are such."""

_MOVES = """
held = find(key)
if mask & looping:
    if held is None:
        if len(states) < operator.room:
            states[key] = [e]
        else:
            derived = receive(e, mask)
    elif len(held) >= most or held[-1].time_us < u - within_us:
        derived = receive(e, mask)
    else:
        held.append(e)
elif held is not None:
    derived = offer(held, e, key)
"""


class LoopThenStepOperator(Operator):
    """Per key the events of the loop, in their order.

    Those out of time go when an event of the step comes, or when there are many: until then nobody asks. A key
    whose events are all out of time when the next one comes begins anew. Keys stand in the order in which they began.
    """

    def __init__(self, rule: RulePlan, emitter: Emitter, around: Surroundings) -> None:
        super().__init__(rule, emitter, around)
        assert isinstance(rule.operator, PatternPlan)
        self._loop, self._step = rule.operator.steps
        self._within_us = rule.operator.within_us
        self._most = self.limits.runs_per_key
        self._held: dict[Any, list[Event]] = {}
        self._degraded: set[Any] = set()
        """Keys of which a limit dropped something."""

    def receiver(self, event_type: str) -> Receiver:
        """See :class:`Operator`."""
        key_of = self.compile_key(event_type)
        looping = self._looping(event_type)
        of_step = self.rule.reads[event_type] & ~looping

        def receive(event: Event, mask: int) -> Derived | None:
            place(event)
            key = self.key_of(key_of, event)
            if key is None:
                return None
            if mask & looping:
                self._take(event, key)
            elif mask & of_step and (held := self._held.get(key)) is not None:
                return self._offer(held, event, key)
            return None

        return receive

    def _looping(self, event_type: str) -> int:
        fit = self._loop.fits.get(event_type)
        return 0 if fit is None else 1 << fit.bit

    def inlined(self, event_type: str) -> Inlined | None:
        """See :class:`Operator`: all that :meth:`receiver` does, but for what the limits ask for."""
        if self._within_us is None:
            return None
        names = {
            "operator": self,
            "states": self._held,
            "find": self._held.get,
            "nothing": [],
            "looping": self._looping(event_type),
            "needed": self._loop.minimum,
            "most": min(self._most, _UNLOOKED),
            "within_us": self._within_us,
            "offer": self._offer,
        }
        reads, keys = self.rule.reads[event_type], self.rule.keys
        return Inlined(reads, keys, self.receiver(event_type), _MOVES, names, _SKIP)

    # ---- an event ----

    def _take(self, event: Event, key: Any) -> None:
        """An event of the loop."""
        held = self._held.get(key)
        if held is not None:
            self._drop_old(held, event.time_us)
            if not held:
                self._forget(key)
        if not held:
            if len(self._held) >= self.room:
                self.make_room(self._held, event.time_us, self._within_us)
                self._degraded &= self._held.keys()
            held = self._held[key] = []
        held.append(event)
        if len(held) > self._most:
            del held[0]
            self._degraded.add(key)
            self.count_limit("runs_per_key")

    def _offer(self, held: list[Event], event: Event, key: Any) -> Derived | None:
        """An event of the step, to a key that holds some of the loop."""
        self._drop_old(held, event.time_us)
        if held and len(held) < self._loop.minimum:
            return None
        degraded = key in self._degraded or self.is_degraded(event.time_us)
        self._forget(key)
        return self._match(held, event, key, degraded) if held else None

    def _drop_old(self, held: list[Event], now_us: int) -> None:
        if self._within_us is not None and held[0].time_us < now_us - self._within_us:
            oldest = now_us - self._within_us
            held[:] = [each for each in held if each.time_us >= oldest]

    def _forget(self, key: Any) -> None:
        del self._held[key]
        self._degraded.discard(key)

    def _match(self, held: list[Event], event: Event, key: Any, degraded: bool) -> Derived | None:
        bound = Bound(2)
        bound[0], bound[1] = held, [event]
        bound.taken = [*held, event]
        for each in bound.taken:
            place(each)
        roles = [(self._loop.label, held), (self._step.label, bound[1])]
        return self.emit(bound, event, key, bound.taken, roles, event.time_us, None, degraded)

    # ---- time and snapshots ----

    def expire(self, now_us: int) -> None:
        """See :class:`Operator`."""
        if self._within_us is None:
            return
        oldest = now_us - self._within_us
        for key in [key for key, held in self._held.items() if held[-1].time_us < oldest]:
            self._forget(key)

    def snapshot(self, table: EventTable) -> Any:
        """See :class:`Operator`."""
        rows = []
        for key, held in self._held.items():
            for event in held:
                place(event)
            rows.append([pack_key(key), [table.number(event) for event in held], key in self._degraded])
        return rows

    def restore(self, state: Any, table: EventTable) -> None:
        """See :class:`Operator`."""
        self._held.clear()  # the same dictionary: receivers hold on to it
        self._degraded = set()
        for packed, numbers, degraded in state:
            key = unpack_key(packed)
            self._held[key] = [table.event(number) for number in numbers]
            if degraded:
                self._degraded.add(key)
