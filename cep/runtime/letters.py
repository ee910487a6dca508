"""What could not be used: dead letters and late events, counted and kept until taken (S2, S15). Runtime layer."""

from __future__ import annotations

from cep.errors import DataError
from cep.event import RAW_LIMIT, Batch, DeadLetter, Event, LateEvent
from cep.functions.records import EvaluationError
from cep.runtime.limits import Counters
from cep.runtime.watermark import Partition


class Letters:
    """Collects what the other rooms refuse.

    ``stop`` raises DataError at the first dead letter. ``batch`` is the batch being taken in and ``at_hand`` an event
    released from the buffer with its bytes: where the bytes of a refused event are looked for.
    """

    def __init__(self, counters: Counters, stop: bool) -> None:
        self._counters = counters
        self._stop = stop
        self._late: list[LateEvent] = []
        self._dead: list[DeadLetter] = []
        self._reported: tuple[Event | None, set[str]] = (None, set())
        self.batch: Batch | None = None
        self.at_hand: tuple[Event, bytes | None] | None = None

    def take_late(self) -> list[LateEvent]:
        """The late events since the last call."""
        late, self._late = self._late, []
        return late

    def take_dead(self) -> list[DeadLetter]:
        """The dead letters since the last call."""
        dead, self._dead = self._dead, []
        return dead

    def late(self, partition: Partition, batch: Batch, index: int, time_us: int, watermark_us: int) -> None:
        """An event behind the watermark."""
        self._counters.late += 1
        origin = partition.origin
        position = batch.positions[index]
        raw = batch.line(index)
        self._late.append(LateEvent(origin.source, origin.partition, position, time_us, watermark_us, raw))

    def refuse(self, batch: Batch, index: int, code: str, reason: str, field: str | None = None) -> None:
        """A record that cannot be taken in."""
        raw = batch.line(index)
        self.bury(_letter(code, reason, batch.source, batch.partition, batch.positions[index], raw, None, field))

    def report(self, rule: str, event: Event, error: EvaluationError) -> None:
        """An expression of a rule failed on an event. Once per rule and event, however many runs asked."""
        if self._reported[0] is not event:
            self._reported = (event, set())
        if rule in self._reported[1]:
            return
        self._reported[1].add(rule)
        origin = event.origin
        source, partition = (origin.source, origin.partition) if origin is not None else ("", "")
        reason = f"rule {rule}: {error.reason}"
        self.bury(_letter("CEP621", reason, source, partition, event.position, self._raw_of(event), rule, None))

    def bury(self, letter: DeadLetter) -> None:
        """Keep a dead letter.

        Raises:
            DataError: if the engine is told to stop at the first.
        """
        self._counters.dead_letters += 1
        self._dead.append(letter)
        if self._stop:
            raise DataError(f"{letter.source}:{letter.position}: {letter.code}: {letter.reason}")

    def _raw_of(self, event: Event) -> bytes | None:
        if isinstance(event.raw, bytes):
            return event.raw
        if self.at_hand is not None and self.at_hand[0] is event:
            return self.at_hand[1]
        batch, origin = self.batch, event.origin
        if batch is None or origin is None or (batch.source, batch.partition) != (origin.source, origin.partition):
            return None
        return batch.line(batch.positions.index(event.position)) if event.position in batch.positions else None


def _letter(
    code: str,
    reason: str,
    source: str,
    partition: str,
    position: int,
    raw: bytes | None,
    rule: str | None,
    field: str | None,
) -> DeadLetter:
    size = 0 if raw is None else len(raw)
    kept = None if raw is None else raw[:RAW_LIMIT]
    return DeadLetter(code, reason, source, partition, position, kept, size, rule, field)
