"""The way of an event from a batch to the operators: read, judged late or not, released in order. Runtime layer.

Two ways lead to the same: a single partition without lateness is its own order and is taken as it comes (typed batches
by the generated loop of :mod:`cep.plan.generate.typed`); everything else waits in the reorder buffer for its turn.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from typing import Any

from cep.event import Batch, DerivedEvent, Event, Origin
from cep.functions.records import EvaluationError
from cep.plan.catalogue import ANY_TYPE
from cep.plan.generate.typed import can_be_typed, typed_class
from cep.plan.intake import EventClock, RecordError
from cep.plan.plan import Plan
from cep.projection import TYPE_FIELDS, Projection
from cep.runtime.graph import Graph
from cep.runtime.letters import Letters
from cep.runtime.limits import Limits
from cep.runtime.readers import Readers
from cep.runtime.state import EventTable
from cep.runtime.watermark import BEFORE_ALL, Partition, Released, ReorderBuffer, barrier
from cep.timestamps import format_time, moment_of, time_us_of

END_OF_TIME = datetime.max.replace(tzinfo=UTC)
BEFORE_TIME = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Options:
    """How an engine treats time and errors.

    ``lateness_us``: how far an event may be behind its partition's highest time. ``max_skew_us``: how far event time
    may be ahead of arrival before the event is a dead letter; null: any. ``zone``: for ISO text without an offset;
    null: such text is refused. ``on_error``: ``continue`` keeps dead letters, ``stop`` raises DataError at the first.
    ``specialised``: false runs every rule on the general operators and the general way in, against which the tests hold
    the specialised ones.
    """

    lateness_us: int = 0
    max_skew_us: int | None = None
    zone: tzinfo | None = None
    type_fields: tuple[str, ...] = TYPE_FIELDS
    on_error: str = "continue"
    limits: Limits = field(default_factory=Limits)
    specialised: bool = True


class Feed:
    """Partitions, the reorder buffer and the readers of one engine."""

    def __init__(
        self,
        plan: Plan,
        options: Options,
        compiler: Any,
        projection: Projection,
        clock: EventClock,
        graph: Graph,
        letters: Letters,
    ) -> None:
        self._plan = plan
        self._options = options
        self._compiler = compiler
        self._projection = projection
        self._clock = clock
        self._graph = graph
        self._letters = letters
        self._partitions: dict[tuple[str, str], Partition] = {}
        self._buffer = ReorderBuffer()
        self._floor_us = BEFORE_ALL
        self._released: tuple[int, tuple[str, str]] = (BEFORE_ALL, ("", ""))
        self._scan: Callable[..., datetime] | None = None
        self.readers = Readers(plan, compiler, projection)
        if options.specialised and hasattr(compiler, "scan") and all(map(can_be_typed, plan.types.values())):
            projection.specialise(self._make_typed, plan.types)

    def _make_typed(self, kind: str, shape: Mapping[str, str]) -> type[Event]:
        self._scan = None
        return typed_class(self._plan.types.get(kind), kind, self._projection, shape)

    # ---- partitions and time ----

    def open(self, source: str, partition: str) -> Partition:
        """The partition, made known if it was not."""
        known = self._partitions.get((source, partition))
        if known is None:
            origin = Origin(source, partition)
            known = self._partitions[source, partition] = Partition(origin, self._options.lateness_us)
        return known

    def close_all(self) -> None:
        """No partition brings anything more."""
        for partition in self._partitions.values():
            partition.closed = True

    def advance(self, time_us: int) -> None:
        """The watermark becomes at least that time."""
        self._floor_us = max(self._floor_us, time_us)

    def watermark_us(self) -> int:
        """How far event time has come: what is behind it can bring nothing new."""
        partitions = list(self._partitions.values())
        if all(p.closed for p in partitions):
            return max([self._floor_us, *(p.highest_us for p in partitions)])
        if any(p.active for p in partitions):
            return max(barrier(partitions, self._floor_us)[0], self._floor_us)
        return max([self._floor_us, self._released[0], *(p.watermark_us for p in partitions)])

    def release(self, out: list[DerivedEvent]) -> None:
        """Deliver all events whose turn has come, and fire the timers before and after them."""
        partitions = list(self._partitions.values())
        bound = barrier(partitions, self._floor_us)
        while (entry := self._buffer.release(bound)) is not None:
            self._deliver(entry, out)
        self._graph.fire_until(self.watermark_us(), out)

    # ---- batches ----

    def take(self, batch: Batch, out: list[DerivedEvent]) -> None:
        """Take a batch in."""
        partition = self.open(batch.source, batch.partition)
        partition.idle = partition.closed = False
        self._clock.arrival_us = batch.arrival_us
        self._graph.counters.events += len(batch.events) + len(batch.dead)
        for letter in batch.dead:
            self._letters.bury(letter)
        self._letters.batch = batch
        try:
            if self._alone(partition):
                self._take_in_order(partition, batch, out)
            else:
                self._take_any_order(partition, batch, out)
        finally:
            self._letters.batch = None
            self._graph.counters.without_time += self._clock.arrivals
            self._clock.arrivals = 0

    def _alone(self, partition: Partition) -> bool:
        """Whether this partition's events need wait for nobody."""
        if self._buffer or partition.lateness_us:
            return False
        return all(p is partition or not p.active for p in self._partitions.values())

    def _is_typed(self, events: Sequence[Event]) -> bool:
        return bool(events) and events[0].__class__ is not self._projection.event_class

    def _take_in_order(self, partition: Partition, batch: Batch, out: list[DerivedEvent]) -> None:
        """A single partition without lateness is its own order."""
        if batch.positions:
            partition.position = batch.positions[-1]
        now_us = start_us = max(partition.highest_us, self._floor_us, self._first_in_order(partition))
        try:
            if self._is_typed(batch.events):
                now_us = self._scan_typed(partition, batch, start_us, out)
            else:
                for index, event in enumerate(batch.events):
                    now_us = self._take_one(partition, batch, index, event, now_us, out)
        finally:
            if batch.events and now_us > BEFORE_ALL:
                partition.highest_us = max(partition.highest_us, now_us)
                self._released = max(self._released, (now_us, partition.origin.order))

    def _first_in_order(self, partition: Partition) -> int:
        """The earliest time at which this partition's events are not behind what was already released."""
        time_us, order = self._released
        return time_us if order <= partition.origin.order or time_us == BEFORE_ALL else time_us + 1

    def _take_one(
        self, partition: Partition, batch: Batch, index: int, event: Any, now_us: int, out: list[DerivedEvent]
    ) -> int:
        """Read an event, let time pass up to it, and offer it to the operators. Gives the time reached."""
        kind = event.f0
        try:
            mask = self.readers[kind](event)
        except (RecordError, EvaluationError, TypeError) as error:
            kind, mask = self._slow_read(event, batch, index, error)
            if mask < 0:
                return now_us
        time_us: int = event.time_us
        if self._is_ahead(batch, index, time_us):
            return now_us
        if time_us < now_us:
            self._letters.late(partition, batch, index, time_us, now_us)
            return now_us
        if self._graph.awaits_begin:
            self._graph.begin(time_us)
        if time_us > now_us:
            self._graph.fire_until(time_us, out)
        if mask:
            raw = event.raw if self._plan.whole else None
            event.about = (partition.origin, batch.positions[index], event.id, raw)
            self._graph.deliver(event, kind if kind.__class__ is str else self.readers.kind_of(event), mask, out)
        return time_us

    def _scan_typed(self, partition: Partition, batch: Batch, start_us: int, out: list[DerivedEvent]) -> int:
        """The fast path: see :mod:`cep.plan.generate.typed`."""
        graph = self._graph
        slow_events = 0

        def slow(index: int, now: datetime) -> tuple[datetime, datetime]:
            nonlocal slow_events
            slow_events += 1
            event = self._decode_again(batch, index)
            reached_us = self._take_one(partition, batch, index, event, time_us_of(now), out)
            return moment_of(reached_us), next_timer()

        furthest_us = self._furthest_us(batch)
        furthest = END_OF_TIME if furthest_us is None else moment_of(furthest_us)

        known: tuple[int | None, datetime] = (None, furthest)

        def next_timer() -> datetime:
            nonlocal known
            if graph.awaits_begin:
                return BEFORE_TIME
            deadline_us = graph.timers.next_us()
            if deadline_us != known[0]:
                known = deadline_us, furthest if deadline_us is None else min(moment_of(deadline_us), furthest)
            return known[1]

        def fire(index: int, moment: datetime) -> datetime | None:
            time_us = time_us_of(moment)
            if self._is_ahead(batch, index, time_us):
                return None
            if graph.awaits_begin:
                graph.begin(time_us)
            graph.fire_until(time_us, out)
            return next_timer()

        if self._scan is None:
            watches_time = self._plan.sets_timers or self._options.max_skew_us is not None
            kinds = self._projection.kinds
            self._scan = self._compiler.scan(self._plan, kinds, watches_time, graph.inlined(kinds.values()))
        assert self._scan is not None
        reached = self._scan(
            batch.events, moment_of(start_us), next_timer(), slow, fire, graph.routes, graph.route, graph.emitted,
            graph.follow, next_timer, batch.positions, partition.origin, out,
        )  # fmt: skip
        if slow_events * 4 > len(batch.events) > 100:
            self._projection.unspecialise()
        self.readers.note_typed(batch.events)
        return max(start_us, time_us_of(reached))

    def _decode_again(self, batch: Batch, index: int) -> Event:
        """A typed event as the general path knows it."""
        line = batch.line(index)
        assert line is not None
        event = self._projection.decode(line)
        if self._plan.whole:
            event.keep_raw(line)
        return event

    def _take_any_order(self, partition: Partition, batch: Batch, out: list[DerivedEvent]) -> None:
        """Several partitions, lateness or skew: events wait in the buffer for their turn."""
        events: Sequence[Any] = batch.events
        if self._is_typed(events):
            events = [self._decode_again(batch, index) for index in range(len(events))]
            self._projection.unspecialise()
        for index, event in enumerate(events):
            kind = event.f0
            try:
                mask = self.readers[kind](event)
            except (RecordError, EvaluationError, TypeError) as error:
                kind, mask = self._slow_read(event, batch, index, error)
                if mask < 0:
                    continue
            if self._in_time(partition, batch, index, event.time_us) and (mask or self._graph.awaits_begin):
                raw = event.raw if self._plan.whole else batch.line(index)
                event.about = (partition.origin, partition.position, event.id, raw)
                self._buffer.add(event, kind if kind.__class__ is str else self.readers.kind_of(event), mask)
                if len(self._buffer) > self._options.limits.reorder_buffer:
                    self._graph.counters.limits["", "reorder_buffer"] += 1
                    self._deliver(self._buffer.first(), out)
        self.release(out)

    def _in_time(self, partition: Partition, batch: Batch, index: int, time_us: int) -> bool:
        """Whether the event is neither late nor too far ahead; it then moves its partition's watermark."""
        partition.position = batch.positions[index]
        if self._is_ahead(batch, index, time_us):
            return False
        behind_us = max(partition.watermark_us, self._floor_us)
        if time_us < behind_us or (time_us, partition.origin.order) < self._released:
            self._letters.late(partition, batch, index, time_us, max(behind_us, self._released[0]))
            return False
        partition.highest_us = max(partition.highest_us, time_us)
        return True

    def _furthest_us(self, batch: Batch) -> int | None:
        """The latest time that an event of the batch may have; null for any."""
        skew_us = self._options.max_skew_us
        return None if skew_us is None or batch.arrival_us is None else batch.arrival_us + skew_us

    def _is_ahead(self, batch: Batch, index: int, time_us: int) -> bool:
        """Whether the event lies further in the future than the skew allows: a dead letter."""
        furthest_us = self._furthest_us(batch)
        if furthest_us is None or time_us <= furthest_us:
            return False
        ahead = f"its time {format_time(time_us)} is further ahead of its arrival than the skew allowed"
        self._letters.refuse(batch, index, "CEP616", ahead)
        return True

    def _deliver(self, entry: Released, out: list[DerivedEvent]) -> None:
        time_us, order, _, _, event, kind, mask = entry
        if self._graph.awaits_begin:
            self._graph.begin(time_us)
        self._graph.fire_until(time_us, out)
        self._released = max(self._released, (time_us, order))
        if isinstance(event.raw, bytes):
            self._letters.at_hand = (event, event.raw)
        if not self._plan.whole:
            event.about = (*event.about[:3], None)
        if mask:  # an event that no rule reads is here only where it may be the first
            self._graph.deliver(event, kind, mask, out)
        self._letters.at_hand = None

    def _slow_read(self, event: Event, batch: Batch, index: int, error: Exception) -> tuple[str, int]:
        """After a failed read: the type and mask, or -1 where the record is a dead letter."""
        kind = ""
        try:
            kind = self.readers.kind_of(event)
            if isinstance(error, TypeError):
                return kind, self.readers[kind](event)
        except (RecordError, EvaluationError) as later:
            error = later
        if isinstance(error, RecordError):
            self._letters.refuse(batch, index, error.code, error.reason, error.field)
            return "", -1
        if isinstance(error, EvaluationError):
            raw = event.raw if self._plan.whole else None
            event.about = (self.open(batch.source, batch.partition).origin, batch.positions[index], None, raw)
            return kind, self._graph.maskers[kind if kind in self._plan.types else ANY_TYPE].one_by_one(event)
        raise error

    # ---- snapshots ----

    def snapshot(self, table: EventTable) -> dict[str, Any]:
        """Partitions, what waits, and how far time has come."""
        return {
            "waiting": [[table.number(event), kind, mask] for *_, event, kind, mask in self._buffer.waiting()],
            "floor": self._floor_us,
            "released": [self._released[0], list(self._released[1])],
            "partitions": [
                [p.origin.source, p.origin.partition, p.highest_us, p.position, p.idle, p.closed]
                for p in self._partitions.values()
            ],
            "missing": {name: sorted(fields) for name, fields in self.readers.missing_fields.items()},
        }

    def restore_partitions(self, state: dict[str, Any]) -> dict[tuple[str, str], Origin]:
        """Take over the partitions; gives their origins, for the events of the snapshot."""
        for source, name, highest_us, position, idle, closed in state["partitions"]:
            partition = self.open(source, name)
            partition.highest_us, partition.position = highest_us, position
            partition.idle, partition.closed = idle, closed
        return {key: partition.origin for key, partition in self._partitions.items()}

    def restore(self, state: dict[str, Any], table: EventTable) -> None:
        """Take over the rest of what :meth:`snapshot` gave."""
        for number, kind, mask in state["waiting"]:
            self._buffer.add(table.event(number), kind, mask)
        self._floor_us = state["floor"]
        time_us, order = state["released"]
        self._released = (time_us, (order[0], order[1]))
        self.readers.clear()
        self.readers.missing_fields = {name: set(fields) for name, fields in state["missing"].items()}
