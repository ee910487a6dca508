"""Runs: what a pattern has bound so far, per key. Runtime layer.

The events of a run are a chain of links from the newest to the oldest, so that a reading that splits in two shares its
past instead of copying it. Runs stand by the place of the automaton where they wait, so that an event meets only those
that it can concern; the readings of one start stand in the order of preference (S12).
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from heapq import heapify, heappop, heappush
from typing import Any, Protocol

from cep.event import Event
from cep.plan.automaton import Registers
from cep.plan.generate.support import Bound
from cep.runtime.operators.bounding import RuleRuns
from cep.runtime.state import EventTable


class Ties(Protocol):
    """Where runs are kept by the value that they wait for: see :mod:`cep.runtime.operators.ties`."""

    def __contains__(self, place: int) -> bool:
        """Whether they are at this place."""

    def waited(self, run: Run) -> Any:
        """The value."""


class Link:
    """One event bound to a step, and all that was bound before it.

    ``serial`` is the number of the event among those that the operator was offered, ``length`` counts the events.
    ``shared``: other runs may hold the event, or what follows it, too.
    ``step`` is negative for an event that is only supposed: what a key is expected to have had, never seen.
    """

    __slots__ = ("before", "event", "length", "serial", "shared", "step")

    length: int

    def __init__(self, event: Event, serial: int, step: int, before: Link | None) -> None:
        self.event = event
        self.serial = serial
        self.step = step
        self.before = before
        self.shared = False
        self.length = 1 if before is None else before.length + 1

    def back(self) -> Iterator[Link]:
        """This link and those before it, the newest first."""
        link: Link | None = self
        while link is not None:
            yield link
            link = link.before


class Start:
    """An event that started runs: its number (as of its link), its time, and its readings in the order of preference.

    ``readings`` may hold some that are gone; ``living`` counts the others.
    """

    __slots__ = ("living", "readings", "serial", "time_us")

    def __init__(self, serial: int, time_us: int) -> None:
        self.serial = serial
        self.time_us = time_us
        self.readings: list[Run] = []
        self.living = 0

    def split(self, run: Run, successors: list[Run]) -> None:
        """Put the readings that a run became in its place."""
        if len(self.readings) > 2 * self.living + 8:
            self.readings = [each for each in self.readings if each.alive or each is run]
        index = self.readings.index(run)
        self.readings[index : index + 1] = successors


class Run:
    """A reading that lives.

    ``place``: the step bound last. ``spoiled``: the absences of this place that were broken, as bits. ``passed``: an
    event of the key has come since the last one bound. ``deadline_us`` is set while the run waits for a time:
    ``finishing`` tells whether it is then complete, else it times out. ``inner`` are the readings of groups that must
    stay away, by the number of the watch. ``done``: it was a match and lives on for further turns of its
    closing loop. ``waited`` is the value that it waits for, where runs are kept by that. ``dies_us`` is the last time
    at which it could go on, where that is known and nobody else ends it; ``timer_us``: see :class:`Timers`.
    """

    __slots__ = (
        "alive", "bound", "deadline_us", "dies_us", "done", "finishing", "inner", "key", "last", "passed", "place",
        "registers", "spoiled", "start", "timer_us", "waited",
    )  # fmt: skip

    def __init__(self, key: Any, start: Start, last: Link, place: int, registers: Registers) -> None:
        self.key = key
        self.start = start
        self.last = last
        self.place = place
        self.registers = registers
        self.spoiled = 0
        self.passed = False
        self.bound: Bound | None = None
        self.inner: dict[int, list[Run]] | None = None
        self.deadline_us: int | None = None
        self.timer_us: int | None = None
        self.dies_us: int | None = None
        self.finishing = False
        self.done = False
        self.alive = True
        self.waited: Any = None

    @property
    def serial(self) -> int:
        """The number of the start: timers of one instant and key go by it."""
        return self.start.serial

    def events_by_step(self, steps: int) -> Bound:
        """What is bound, per step; kept until the run goes on."""
        if self.bound is None:
            bound = Bound(steps)
            for link in reversed(list(self.last.back())):
                if link.step >= 0:
                    bound[link.step].append(link.event)
                    bound.taken.append(link.event)
            self.bound = bound
        return self.bound

    def take(self, link: Link, registers: Registers) -> None:
        """Go on with one more event."""
        if self.bound is not None:
            self.bound[link.step].append(link.event)
            self.bound.taken.append(link.event)
        self.last = link
        self.place = link.step
        self.registers = registers
        self.spoiled = 0
        self.passed = False
        self.inner = None
        self.deadline_us = None
        self.dies_us = None
        self.finishing = False
        self.done = False


class KeyRuns:
    """The runs of one key. ``degraded`` once a limit dropped something.

    ``starts`` are in the order of time; those that are out of `within` are no longer among them, even if a run of them
    still waits for its deadline. The runs of a place stand in the order in which their last events came, so that those
    of an age are found from one end.
    """

    __slots__ = ("_dying", "_made", "by_place", "by_value", "count", "degraded", "runs_of_rule", "starts", "ties")

    def __init__(self, places: int, ties: Ties | None, runs_of_rule: RuleRuns) -> None:
        self.ties = ties
        self.runs_of_rule = runs_of_rule
        self._dying: list[tuple[int, int, Run]] = []
        self._made = 0
        self.by_place: list[dict[Run, None]] = [{} for _ in range(places)]
        self.by_value: dict[int, dict[Any, dict[Run, None]]] = {}
        self.starts: OrderedDict[int, Start] = OrderedDict()
        self.count = 0
        self.degraded = False

    def add(self, run: Run) -> None:
        """A run that waits from now on."""
        self._put(run)
        self.count += 1
        self.runs_of_rule.alive += 1
        run.start.living += 1

    def leave(self, run: Run) -> None:
        """A run that waits no more where it did: it is gone, complete or about to go on."""
        self._take(run, run.place)
        self.count -= 1
        self.runs_of_rule.alive -= 1
        run.start.living -= 1

    def move(self, run: Run, before: int) -> None:
        """A run that has gone on from a place to another, or to the same."""
        self._take(run, before)
        self._put(run)

    def _put(self, run: Run) -> None:
        self.by_place[run.place][run] = None
        ties = self.ties
        if ties is not None and run.place in ties:
            run.waited = ties.waited(run)
            self.by_value.setdefault(run.place, {}).setdefault(run.waited, {})[run] = None

    def _take(self, run: Run, place: int) -> None:
        del self.by_place[place][run]
        by_value = self.by_value.get(place)
        if by_value is not None:
            same = by_value[run.waited]
            del same[run]
            if not same:
                del by_value[run.waited]

    def remove(self, run: Run) -> None:
        """A run that is gone."""
        if run.alive:
            run.alive = False
            self.leave(run)
            if not run.start.living:
                self.starts.pop(run.start.serial, None)

    def runs(self) -> Iterator[Run]:
        """All runs that live, place by place."""
        for waiting in self.by_place:
            yield from list(waiting)

    def expire(self, now_us: int, within_us: int | None) -> None:
        """What can no longer go on at this time goes: what dies, and of starts out of `within` what does not wait."""
        dying = self._dying
        while dying and dying[0][0] < now_us:
            dies_us, _, run = heappop(dying)
            if run.dies_us == dies_us:
                self.remove(run)
        starts = self.starts
        while within_us is not None and starts:
            start = next(iter(starts.values()))
            if start.time_us >= now_us - within_us:
                return
            del starts[start.serial]
            for run in start.readings:
                if run.alive and not run.finishing:
                    self.remove(run)

    def dies(self, run: Run, dies_us: int) -> None:
        """The run can do nothing after that time, unless it takes another event."""
        run.dies_us = dies_us
        dying = self._dying
        self._made += 1
        heappush(dying, (dies_us, self._made, run))
        if len(dying) > 2 * self.count + 64:
            self._dying = [entry for entry in dying if entry[2].alive and entry[2].dies_us == entry[0]]
            heapify(self._dying)

    def oldest_start(self) -> int | None:
        """The number of the start that :meth:`drop_oldest` would drop."""
        start = self._oldest()
        return None if start is None else start.serial

    def _oldest(self) -> Start | None:
        start = next(iter(self.starts.values()), None)
        if start is None and self.count:
            start = min((run.start for run in self.runs()), key=lambda start: start.serial)
        return start

    def drop_oldest(self) -> bool:
        """The oldest start goes, with all its readings; of those out of `within` only where there is no other."""
        start = self._oldest()
        if start is None:
            return False
        for run in start.readings:
            self.remove(run)
        self.degraded = True
        return True

    # ---- snapshots ----

    def pack(self, table: EventTable) -> list[Any]:
        """The state as plain data: links, then starts with their runs."""
        links: dict[int, int] = {}
        rows: list[list[Any]] = []

        def number(link: Link) -> int:
            for each in reversed(list(link.back())):
                if id(each) not in links:
                    links[id(each)] = len(rows)
                    before = None if each.before is None else links[id(each.before)]
                    rows.append([table.number(each.event), each.serial, each.step, before])
            return links[id(link)]

        def packed(run: Run) -> list[Any]:
            inner = None if run.inner is None else [[n, [packed(r) for r in rs]] for n, rs in run.inner.items()]
            return [
                number(run.last), run.place, list(run.registers), run.spoiled, run.passed, run.deadline_us,
                run.finishing, run.done, inner,
            ]  # fmt: skip

        found = {**self.starts, **{run.serial: run.start for run in self.runs()}}
        starts = [
            [serial, start.time_us, serial in self.starts, [packed(r) for r in start.readings if r.alive]]
            for serial, start in found.items()
        ]
        return [self.degraded, rows, starts]

    @classmethod
    def unpack(
        cls, places: int, ties: Ties | None, runs_of_rule: RuleRuns, row: list[Any], key: Any, table: EventTable
    ) -> KeyRuns:
        """The state again, as :meth:`pack` gave it; the operator sets what its runs wait for."""
        state = cls(places, ties, runs_of_rule)
        state.degraded, link_rows, starts = row
        links: list[Link] = []
        for event, serial, step, before in link_rows:
            link = Link(table.event(event), serial, step, None if before is None else links[before])
            link.shared = True  # whether it is, is not kept
            links.append(link)

        def unpacked(row: list[Any], start: Start) -> Run:
            last, place, registers, spoiled, passed, deadline_us, finishing, done, inner = row
            run = Run(key, start, links[last], place, tuple(registers))
            run.spoiled, run.passed, run.deadline_us, run.finishing = spoiled, passed, deadline_us, finishing
            run.done = done
            if inner is not None:
                run.inner = {number: [unpacked(each, start) for each in rows] for number, rows in inner}
            return run

        found: list[Run] = []
        for serial, time_us, waits, runs in starts:
            start = Start(serial, time_us)
            if waits:
                state.starts[serial] = start
            for packed in runs:
                run = unpacked(packed, start)
                start.readings.append(run)
                found.append(run)
        for run in sorted(found, key=lambda run: run.last.serial):
            state.add(run)
        return state
