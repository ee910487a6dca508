"""Sources → engine → sinks: the only place that owns the loop. Pipeline layer.

All partitions are made known to the engine before the first event, so that they wait for each other; the next batch is
always read from the partition that is furthest behind, so that about one batch of each is held. The wall clock enters
here alone, and only for partitions that are live: see ``idle_timeout``.
"""

from __future__ import annotations

import contextlib
import time
from collections import deque
from collections.abc import Callable, Container, Iterator, Sequence
from datetime import timedelta
from typing import Literal, Protocol

from cep.connectors.protocols import Partition, ReaderGone, Sink, Source, wall_clock
from cep.durations import duration_of
from cep.engine import Engine
from cep.errors import DataError, UsageError
from cep.event import Batch, DeadLetter, DerivedEvent, LateEvent
from cep.pipeline.process import Interrupt, rare_collections
from cep.pipeline.summary import LimitHit, Progress, SourceState, Summary
from cep.pipeline.tables import REREAD_S, TableFiles
from cep.pipeline.unseen import Sample, find_unseen
from cep.runtime.limits import Counters
from cep.runtime.watermark import BEFORE_ALL
from cep.timestamps import format_time

PROGRESS_S = 0.2
"""How often ``on_progress`` is called, at most."""

_EXAMPLES = 3
_UNREADABLE = "CEP607"
_IDLE_POLL_S = 1.0


class LetterOutput(Protocol):
    """Where late events or dead letters go; :class:`cep.connectors.JsonlLetters` is one."""

    def write(self, letters: Sequence[DeadLetter | LateEvent]) -> None:
        """Takes some, in order."""

    def flush(self) -> None:
        """Hands over what ``write`` still holds."""

    def close(self) -> None:
        """Flushes and lets go."""


class Pipeline:
    """One run of an engine over sources. Made by the application, :meth:`run` once.

    Args:
        engine: new, restored, or used before: the summary counts what this run adds.
        sources: all their partitions are read to the end.
        sinks: each is given every derived event, and closed at the end.
        late: where late events go; without it they are counted and the first few are kept for the summary.
        dead: the same for dead letters.
        at_end: ``flush`` fires the absences that still wait and closes the windows still open when the input ends,
            ``keep`` leaves them.
        on_error: ``stop`` ends the run at the first dead letter, after what was derived before it. It takes events one
            by one, so that where the run ends does not depend on the size of batches. An engine whose own ``on_error``
            is ``stop`` ends the run too.
        idle_timeout: after how long (``30s``, microseconds, or a timedelta) without events a live partition is not
            waited for. When all are silent, the watermark follows the wall clock, less this and the lateness. The
            sources must have been opened with a ``wait_s`` shorter than it.
        reread_s: how often is looked whether the file of a table has changed, in seconds; null never looks. Tables that
            were given to the engine are not read.
        on_progress: called now and then.
        clock: the wall clock in microseconds, for ``idle_timeout`` alone.

    Ctrl-C (or a KeyboardInterrupt) ends the run between two batches, or while it waits for input: what was derived is
    written, and what waits in the engine is left there: ``at_end`` is for inputs that were read to their ends.
    """

    def __init__(
        self,
        engine: Engine,
        sources: Sequence[Source],
        sinks: Sequence[Sink] = (),
        *,
        late: LetterOutput | None = None,
        dead: LetterOutput | None = None,
        at_end: Literal["keep", "flush"] = "keep",
        on_error: Literal["continue", "stop"] = "continue",
        idle_timeout: str | int | timedelta | None = None,
        reread_s: float | None = REREAD_S,
        on_progress: Callable[[Progress], None] | None = None,
        clock: Callable[[], int] = wall_clock,
    ) -> None:
        self._engine = engine
        self._sources = sources
        self._sinks = sinks
        self._late = _Letters(late)
        self._dead = _Letters(dead)
        self._outputs: list[Sink | _Letters] = [*sinks, self._late, self._dead]
        self._at_end = at_end
        self._stops = on_error == "stop"
        self._idle_us = None if idle_timeout is None else duration_of(idle_timeout, "idle_timeout")
        self._tables = TableFiles(engine, reread_s)
        self._on_progress = on_progress
        self._clock = clock
        self._feeds: list[_Feed] = []
        self._has_run = False
        self._before = Counters()
        self._live = False
        self._written = 0
        self._next_progress = 0.0
        self._idle_polled_us = 0
        self._sample = Sample(engine.projection)
        self._started = 0.0
        self._interrupt = Interrupt()
        self._summary = Summary()

    def run(self) -> Summary:
        """Read all sources to the end.

        Raises:
            UsageError: a source cannot be opened, a table cannot be read, or an output cannot be written.
        """
        if self._has_run:
            raise UsageError("a pipeline runs once: make a new one")
        self._has_run = True
        self._started = time.perf_counter()
        self._before.restore(self._engine.counters.snapshot())
        try:
            with contextlib.ExitStack() as stack:
                for output in self._outputs:
                    stack.callback(output.close)
                self._open(stack)
                stack.enter_context(self._interrupt)
                stack.enter_context(rare_collections())
                self._late.pass_on(self._engine.take_late())
                self._dead.pass_on(self._engine.take_dead_letters())
                self._drive()
        except ReaderGone:
            self._summary.ended = "reader_gone"
        return self._summarise()

    def interrupt(self) -> None:
        """End the run as Ctrl-C does, as ``terminated``: for the handler of another signal, in the main thread.

        Raises:
            KeyboardInterrupt: the run waits for input; :meth:`run` catches it.
        """
        self._interrupt.ending = "terminated"
        self._interrupt.request()

    def _open(self, stack: contextlib.ExitStack) -> None:
        self._tables.read()
        for source in self._sources:
            for partition in source.partitions(self._engine.projection):
                stack.callback(partition.close)
                self._feeds.append(_Feed(partition, len(self._feeds)))
                self._engine.open(partition.source, partition.partition)
        self._live = any(feed.partition.live for feed in self._feeds)
        if len(self._feeds) > 1:
            # Events of several partitions wait for each other as general records; typed ones would be decoded twice.
            self._engine.projection.unspecialise()

    def _drive(self) -> None:
        try:
            while (feed := self._choose()) is not None:
                self._advance(feed)
            self._hand_over(self._engine.flush() if self._at_end == "flush" else self._engine.finish())
        except _Stopped:
            self._summary.ended = "stopped"
        except DataError as error:
            self._summary.ended = "stopped"
            self._write(error.derived)
        except KeyboardInterrupt:
            self._summary.ended = self._interrupt.ending
        self._drain()
        self._flush()

    # ---- which partition is read next ----

    def _choose(self) -> _Feed | None:
        """The open partition that is furthest behind; of equal ones a file before what has to be waited for."""
        self._interrupt.check()
        waking = [feed for feed in self._feeds if not feed.complete and not feed.idle]
        asleep = [feed for feed in self._feeds if not feed.complete and feed.idle]
        if asleep:
            now_us = self._clock()
            due = not waking or now_us - self._idle_polled_us >= _IDLE_POLL_S * 1_000_000
            if due:
                self._idle_polled_us = now_us
                if not waking:
                    self._follow_wall_clock(now_us)
                return min(asleep, key=lambda feed: feed.polled)
        if len(waking) < 2:
            return waking[0] if waking else None
        return min(waking, key=lambda feed: (feed.reached_us, feed.partition.live, feed.number))

    def _follow_wall_clock(self, now_us: int) -> None:
        assert self._idle_us is not None
        self._hand_over(self._engine.advance(now_us - self._idle_us - self._engine.options.lateness_us))

    def _advance(self, feed: _Feed) -> None:
        """Read one batch and take it in."""
        with self._interrupt.waiting(feed.partition.live):
            batch = feed.partition.next_batch()
        feed.polled += 1
        self._tables.poll()
        if batch is None:
            feed.complete = True
            self._hand_over(self._engine.close(feed.partition.source, feed.partition.partition))
        elif batch.events or batch.dead:
            feed.idle, feed.silent_since_us = False, None
            self._take(feed, batch)
        elif feed.partition.live:
            self._silent(feed)

    def _silent(self, feed: _Feed) -> None:
        self._report_progress()
        if self._idle_us is None:
            return
        now_us = self._clock()
        if feed.silent_since_us is None:
            feed.silent_since_us = now_us
        elif not feed.idle and now_us - feed.silent_since_us >= self._idle_us:
            feed.idle = True
            self._hand_over(self._engine.mark_idle(feed.partition.source, feed.partition.partition))

    # ---- what comes in and what goes out ----

    def _take(self, feed: _Feed, batch: Batch) -> None:
        if not self._stops:
            derived = self._engine.push_batch(batch)
            feed.note(batch, self._hand_over(derived), several=len(self._feeds) > 1)
            self._sample.note(batch)
            return
        for single in _one_by_one(batch):
            self._sample.note(single)
            derived = self._engine.push_batch(single)
            feed.note(single, self._hand_over(derived), several=len(self._feeds) > 1)
            if self._summary.dead_letters:
                raise _Stopped

    def _hand_over(self, derived: Sequence[DerivedEvent]) -> list[DeadLetter]:
        """Pass on what was derived and what could not be used; gives the new dead letters."""
        self._write(derived)
        dead = self._drain()
        if self._live and (derived or dead):
            self._flush()
        self._report_progress()
        return dead

    def _write(self, derived: Sequence[DerivedEvent]) -> None:
        if derived:
            self._written += len(derived)
            for sink in self._sinks:
                sink.write(derived)

    def _flush(self) -> None:
        for output in self._outputs:
            output.flush()

    def _drain(self) -> list[DeadLetter]:
        late = self._engine.take_late()
        if late:
            worst_us = max(event.watermark_us - event.time_us for event in late)
            self._summary.worst_lateness_us = max(self._summary.worst_lateness_us, worst_us)
            self._late.write(late)
        dead = self._engine.take_dead_letters()
        if dead:
            dead.sort(key=lambda letter: (letter.source, letter.partition, letter.position))
            if self._summary.stopped_by is None:
                self._summary.stopped_by = dead[0]
            for letter in dead:
                self._summary.dead_letters[letter.code] = self._summary.dead_letters.get(letter.code, 0) + 1
            self._summary.unreadable += [letter for letter in dead if letter.code == _UNREADABLE]
            self._dead.write(dead)
        return dead

    def _report_progress(self) -> None:
        if self._on_progress is None or (now := time.perf_counter()) < self._next_progress:
            return
        self._next_progress = now + PROGRESS_S
        sizes = [feed.partition.size for feed in self._feeds]
        known = [size for size in sizes if size is not None]
        self._on_progress(
            Progress(
                self._engine.counters.events - self._before.events,
                self._written,
                now - self._started,
                sum(feed.partition.position for feed in self._feeds),
                sum(known) if len(known) == len(sizes) else None,
            )
        )

    def _summarise(self) -> Summary:
        summary, engine = self._summary, self._engine
        now, before = engine.counters, self._before
        summary.seconds = time.perf_counter() - self._started
        summary.events = now.events - before.events
        summary.without_time = now.without_time - before.without_time
        summary.late = now.late - before.late
        summary.lateness_us = engine.options.lateness_us
        summary.accepted = summary.events - summary.late - self._dead.records
        derived = now.derived - before.derived
        summary.derived = {rule.name: derived[rule.name] for rule in engine.plan.rules}
        summary.held_back = dict(now.held_back - before.held_back)
        summary.null_keys = dict(now.null_keys - before.null_keys)
        summary.pending = engine.pending()
        summary.tables = self._tables.states
        summary.windowed = frozenset(rule.name for rule in engine.plan.rules if rule.waits_for_windows)
        limits = now.limits - before.limits
        summary.limits = [LimitHit(rule, name, count) for (rule, name), count in limits.items()]
        summary.events_per_second = summary.events / summary.seconds if summary.seconds else 0.0
        watermark_us = engine.watermark_us
        summary.watermark = None if watermark_us is None else format_time(watermark_us)
        summary.unseen = find_unseen(self._engine, self._sample) if summary.ended == "complete" else []
        cut = {(letter.source, letter.partition) for letter in summary.unreadable}
        summary.sources = [feed.state(cut) for feed in self._feeds]
        summary.first_late = [letter for letter in self._late.first if isinstance(letter, LateEvent)]
        summary.first_dead = [letter for letter in self._dead.first if isinstance(letter, DeadLetter)]
        summary.dead_letters = dict(sorted(summary.dead_letters.items()))
        if summary.ended != "stopped":
            summary.stopped_by = None
        return summary


class _Stopped(Exception):
    """The run ends at a dead letter."""


class _Feed:
    """A partition as it is read. ``reached_us`` is its highest event time, ``position`` its last record."""

    __slots__ = ("complete", "idle", "number", "partition", "polled", "position", "reached_us", "silent_since_us")

    def __init__(self, partition: Partition, number: int) -> None:
        self.partition = partition
        self.number = number
        self.reached_us = BEFORE_ALL
        self.position = 0
        self.polled = 0
        self.silent_since_us: int | None = None
        self.idle = False
        self.complete = False

    def note(self, batch: Batch, dead: Sequence[DeadLetter], several: bool) -> None:
        """After the engine took a batch. What became a dead letter does not count as time: it may lie years ahead."""
        own = (self.partition.source, self.partition.partition)
        refused = {letter.position for letter in dead if (letter.source, letter.partition) == own}
        self.position = max([self.position, *refused, *batch.positions[-1:]])
        if several:
            times = (
                event.time_us
                for event, position in zip(batch.events, batch.positions, strict=True)
                if position not in refused
            )
            self.reached_us = max(self.reached_us, max(times, default=BEFORE_ALL))

    def state(self, unreadable: Container[tuple[str, str]]) -> SourceState:
        partition = self.partition
        name = (partition.source, partition.partition)
        complete = self.complete and name not in unreadable
        return SourceState(*name, self.position, partition.position, partition.size, complete)


class _Letters:
    """An output for late events or dead letters, if there is one. ``records`` counts those that concern no rule."""

    def __init__(self, output: LetterOutput | None) -> None:
        self._output = output
        self.first: list[DeadLetter | LateEvent] = []
        self.records = 0

    def write(self, letters: Sequence[DeadLetter | LateEvent]) -> None:
        self.records += sum(getattr(letter, "rule", None) is None for letter in letters)
        self.pass_on(letters)
        if self._output is None and len(self.first) < _EXAMPLES:
            self.first.extend(letters[: _EXAMPLES - len(self.first)])

    def pass_on(self, letters: Sequence[DeadLetter | LateEvent]) -> None:
        """Write letters that are not of this run: those that an engine that was used before still held."""
        if letters and self._output is not None:
            self._output.write(letters)

    def flush(self) -> None:
        if self._output is not None:
            self._output.flush()

    def close(self) -> None:
        if self._output is not None:
            self._output.close()


def _one_by_one(batch: Batch) -> Iterator[Batch]:
    """The records of a batch in their order, each as a batch of its own."""
    letters = deque(sorted(batch.dead, key=lambda letter: letter.position))
    for index, event in enumerate(batch.events):
        position = batch.positions[index]
        while letters and letters[0].position < position:
            yield Batch(batch.source, batch.partition, [], (), dead=[letters.popleft()], arrival_us=batch.arrival_us)
        line = _nth_line(batch, index)
        yield Batch(batch.source, batch.partition, [event], (position,), line, (), batch.arrival_us)
    for letter in letters:
        yield Batch(batch.source, batch.partition, [], (), dead=[letter], arrival_us=batch.arrival_us)


def _nth_line(batch: Batch, index: int) -> Callable[[int], bytes | None]:
    return lambda _: batch.line(index)
