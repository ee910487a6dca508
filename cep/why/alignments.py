"""How near a key's events came to a pattern: runs that are followed beyond what ended them. Why layer.

An *alignment* is a run of the automaton that may also take events which it should not: each such step is a *fault*
with a cost, and what is still missing at the end costs too. An alignment without faults moves exactly as the operator's
runs do (the moves are those of :class:`cep.runtime.operators.moves.Moves`); only what ends runs by choosing among them
(the skip strategy, limits, `at most`) is left to the operator, whose emissions are compared with it afterwards. The
cheapest alignment is the nearest miss: what would have had to be different for the rule to fire. The idea is that of
conformance checking by alignments (Adriansyah, "Aligning observed and modeled behavior", 2014), with costs for kinds of
deviation, and a beam in place of an exhaustive search.

==================================  =========  =====================================
fault                               cost       what it says
==================================  =========  =====================================
``pending``                         0.1        a deadline has not come yet
``having``                          0.9        complete, but `having` is false
``where``, ``within``, ``absence``  1 to 1.8   nearly: a tie, a bound, a `no`
``late``, ``dead_letter``, …        0.8        the event was there and was not used
``condition``                       1.5 to 2   an event of the type, another content
a missing event                     2          each
==================================  =========  =====================================
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from cep.event import Event
from cep.plan.automaton import Automaton, Edge, Finish, Registers
from cep.plan.generate.scope import Scope
from cep.plan.generate.support import Bound
from cep.runtime.operators.moves import Moves, PlaceView, Role, View, is_full
from cep.runtime.operators.runs import Link, Run, Start
from cep.runtime.state import DERIVED
from cep.why.conditions import ConditionTree, Shown, distance
from cep.why.watching import Offered

MISSING = 2.0
_UNUSED = 0.8
_MOST_STATES = 3_000


@dataclass(frozen=True, slots=True)
class Fault:
    """What kept a run from going on. ``event`` is what came, or what was in the way; ``conditions`` those of its step.

    ``limit_us`` is the time that was passed, or has not come; ``label`` what it concerns, in the rule's words.
    """

    code: str
    cost: float
    event: Event | None = None
    conditions: tuple[Shown, ...] = ()
    limit_us: int | None = None
    label: str = ""
    told: str = ""


@dataclass(frozen=True, slots=True)
class Tried:
    """An event that a run could not take for a step, and why."""

    offered: Offered
    step: int
    faults: tuple[Fault, ...]

    @property
    def cost(self) -> float:
        """Of all its faults."""
        return sum(fault.cost for fault in self.faults)


class Alignment:
    """A run that stands somewhere, and what was wrong on the way. ``before``: where it stood before its last event."""

    __slots__ = ("before", "cost", "faults", "passed_by", "path", "run", "since", "spoilers", "tried", "waits")

    def __init__(self, run: Run, faults: tuple[Fault, ...], before: Alignment | None, path: tuple[int, ...]) -> None:
        self.run = run
        self.faults = faults
        self.cost = sum(fault.cost for fault in faults)
        self.before = before
        self.path = path
        self.tried: list[Tried] = []
        self.spoilers: dict[int, Event] = {}
        self.passed_by: Event | None = None
        self.waits: Finish | None = None
        self.since = run.last.event.time_us

    @property
    def price(self) -> float:
        """What it would take to a match."""
        return self.cost + MISSING * len(self.path)


@dataclass(frozen=True, slots=True)
class Result:
    """An alignment at its end: with faults a near miss, without any a match. ``missing`` are the steps that never came.

    ``end_us`` is when it was complete, or when it stood still.
    """

    alignment: Alignment
    faults: tuple[Fault, ...]
    missing: tuple[int, ...]
    end_us: int
    complete: bool = False

    @property
    def cost(self) -> float:
        """What would have had to be different."""
        return sum(fault.cost for fault in self.faults) + MISSING * len(self.missing)

    @property
    def events(self) -> tuple[Event, ...]:
        """What it holds, in order."""
        return tuple(link.event for link in reversed(list(self.alignment.run.last.back())) if link.step >= 0)


class Judge(Moves):
    """The moves over a pattern, told apart into what failed. ``trees`` shows conditions."""

    automaton: Automaton
    having: ConditionTree | None = None

    def prepare(
        self, automaton: Automaton, having: ConditionTree | None, key: Any, kind_of: Callable[[Event], str]
    ) -> None:
        """Before anything else."""
        self.automaton = automaton
        self.kind_of = kind_of
        self.having = having
        self.key = key
        self._paths: dict[tuple[int, Registers], tuple[int, ...]] = {}
        self._trees: dict[Any, ConditionTree] = {}
        self._local: dict[tuple[int, int, str], tuple[Shown, ...]] = {}
        self.views: dict[str, View] = {}
        self.local_conditions: dict[str, tuple[Any, ...]] = {}

    def view_of(self, kind: str) -> View:
        """The automaton as seen by events of one type."""
        found = self.views.get(kind)
        if found is None:
            found = self.views[kind] = self.view(self.automaton, kind)
        return found

    # ---- the way that is left ----

    def path(self, run: Run) -> tuple[int, ...]:
        """The fewest steps that are missing, in order."""
        kinds = [register.kind for register in self.automaton.registers]
        registers = tuple(None if kind == "limit" else value for kind, value in zip(kinds, run.registers, strict=True))
        state = (run.place, registers)
        if state not in self._paths:
            self._paths[state] = self._search(run.place, registers)
        return self._paths[state]

    def shortest(self) -> tuple[int, ...]:
        """The fewest steps of a whole match."""
        found = []
        for edge in self.automaton.start:
            registers = list(self.automaton.initial)
            for register, value in edge.resets:
                registers[register] = value
            found.append((edge.target, *self._search(edge.target, tuple(registers))))
        return min(found, key=len, default=())

    def _search(self, place: int, registers: Registers) -> tuple[int, ...]:
        queue: list[tuple[int, Registers, tuple[int, ...]]] = [(place, registers, ())]
        seen = {(place, registers)}
        for number, counted, path in queue:
            finish = self.automaton.places[number].finish
            if finish is not None and is_full(self.automaton, counted, finish.full):
                return path
            if len(seen) > _MOST_STATES:
                return (*path, *[edge.target for edge in self.automaton.places[number].edges[:1]])
            for edge in self.automaton.places[number].edges:
                after = self._counted(edge, counted)
                if after is not None and (edge.target, after) not in seen:
                    seen.add((edge.target, after))
                    queue.append((edge.target, after, (*path, edge.target)))
        return (place,)

    def _counted(self, edge: Edge, registers: Registers) -> Registers | None:
        """The registers after an edge but for times; null where it is not open."""
        if not self._is_possible(edge, registers):
            return None
        after = list(registers)
        for register, value in edge.resets:
            after[register] = None if self.automaton.registers[register].kind == "limit" else value
        if edge.again is not None:
            loop = self.automaton.registers[edge.again]
            enough = loop.maximum if loop.maximum is not None else max(1, loop.minimum)
            after[edge.again] = min((after[edge.again] or 0) + 1, enough)
        for register, bit in edge.members:
            after[register] = (after[register] or 0) | 1 << bit
        return tuple(after)

    def _is_possible(self, edge: Edge, registers: Registers) -> bool:
        """Whether the counts let the edge be taken, whatever has come in between."""
        automaton = self.automaton
        if edge.again is not None:
            most = automaton.registers[edge.again].maximum
            if most is not None and (registers[edge.again] or 0) >= most:
                return False
        if any(registers[register] for register in edge.closed):
            return False
        if not is_full(automaton, registers, edge.full):
            return False
        for register, bit in edge.members:
            done = registers[register] or 0
            if done >> bit & 1 or done.bit_count() >= automaton.registers[register].count:
                return False
        return True

    # ---- what is wrong with an event for an edge ----

    def faults(self, of: Alignment, edge: Edge, role: Role, offered: Offered) -> list[Fault] | None:
        """Why the alignment cannot take this edge by this event; empty where it can, null where it makes no sense."""
        run, event = of.run, offered.event
        if not self._is_possible(edge, run.registers) or run.done:
            return None
        if role.source_only and event.about[0] is DERIVED:
            return None
        found = [Fault(offered.fate, _UNUSED, event, told=offered.told)] if offered.fate else []
        if edge.strict and run.passed and of.passed_by is not None:
            found.append(Fault("contiguity", 1.0, of.passed_by))
        for bit, spoiler in of.spoilers.items():
            if edge.watches & bit:
                found.append(Fault("absence", 1.0, spoiler, label=self._watched(bit)))
        over = any(fault.code == "within" for fault in of.faults)
        found += [fault for fault in self._times(run, edge, event) if not (over and fault.code == "within")]
        found += self._fit_faults(run, edge.target, role, offered)
        if edge.ends and not found:
            shown = self._ends_shown(run, edge.ends, event)
            if distance(shown):
                found.append(Fault("where", 1.0 + 0.3 * distance(shown), event, shown))
        return found

    def start_faults(self, edge: Edge, role: Role, offered: Offered) -> list[Fault] | None:
        """The same for an event that would start a run."""
        if role.source_only and offered.event.about[0] is DERIVED:
            return None
        found = [Fault(offered.fate, _UNUSED, offered.event, told=offered.told)] if offered.fate else []
        return found + self._fit_faults(None, edge.target, role, offered)

    def _watched(self, bit: int) -> str:
        return self.automaton.watches[bit.bit_length() - 1].label

    def _times(self, run: Run, edge: Edge, event: Event) -> Iterator[Fault]:
        time_us, last_us = event.time_us, run.last.event.time_us
        if self._within_us is not None:
            end_us = run.start.time_us + self._within_us
            if time_us > end_us:
                yield Fault("within", _over(time_us - end_us, self._within_us), event, limit_us=end_us)
        if edge.quiet_us is not None and time_us <= last_us + edge.quiet_us:
            wait_us = last_us + edge.quiet_us
            yield Fault("too_early", _over(wait_us - time_us, edge.quiet_us), event, limit_us=wait_us, label="quiet")
        if time_us < last_us + edge.minimum_us:
            from_us = last_us + edge.minimum_us
            yield Fault("too_early", _over(from_us - time_us, edge.minimum_us), event, limit_us=from_us)
        limits = [(v, self.automaton.registers[r].name) for r in edge.limits if (v := run.registers[r]) is not None]
        opens = [o for o in edge.opens if o.base_us is not None]
        limits += [(last_us + (o.base_us or 0) + o.length_us, self.automaton.registers[o.register].name) for o in opens]
        for limit_us, name in sorted(limits)[:1]:
            if time_us > limit_us:
                length_us = max(1, limit_us - run.start.time_us)
                yield Fault("step_bound", _over(time_us - limit_us, length_us), event, limit_us=limit_us, label=name)

    def _fit_faults(self, run: Run | None, step: int, role: Role, offered: Offered) -> list[Fault]:
        event = offered.event
        if not offered.mask & role.bit:
            shown = self.local_shown(offered, role.bit)
            if offered.fate == "dead_letter" and not any(x.verdict is False for each in shown for x in each.leaves()):
                return []  # what made it a dead letter may be why its condition cannot be told
            return [Fault("condition", 1.5 + 0.4 * (distance(shown) or 1.0), event, shown)]
        if role.tie is None and not role.joint:
            return []
        bound = Bound(self._width) if run is None else run.events_by_step(self._width)
        shown = self.ties_shown(step, offered.kind, bound, event)
        if not distance(shown):
            return []
        return [Fault("where", 1.0 + 0.3 * distance(shown), event, shown)]

    def local_shown(self, offered: Offered, bit: int) -> tuple[Shown, ...]:
        """The condition that looks at the event alone."""
        place = (id(offered.event), bit, offered.kind)
        if place not in self._local:
            expression = self.local_conditions[offered.kind][bit.bit_length() - 1]
            shown: tuple[Shown, ...] = ()
            if expression is not None:
                tree = self._tree(("local", offered.kind, bit), [expression], Scope())
                shown = tree.of((), offered.event, None)
            self._local[place] = shown
        return self._local[place]

    def ties_shown(self, step: int, kind: str, bound: Bound, event: Event) -> tuple[Shown, ...]:
        """The conditions of a step that also look at what is bound."""
        plan = self._plan.steps[step]
        shown: tuple[Shown, ...] = ()
        fit = plan.fits.get(kind)
        if fit is not None and fit.ties:
            shown = self._tree(("tie", step, kind), fit.ties, self.scopes[step]).of(bound, event, self.key)
        for number, due in enumerate(plan.joint):
            if all(bound[other] for other in due.others):
                tree = self._tree(("joint", step, number), [due.condition], self.scopes[step])
                shown += tree.of(bound, event, self.key)
        return shown

    def _ends_shown(self, run: Run, groups: Sequence[int], event: Event) -> tuple[Shown, ...]:
        return self.ends_shown(run.events_by_step(self._width), groups, event)

    def ends_shown(self, bound: Bound, groups: Sequence[int], event: Event | None) -> tuple[Shown, ...]:
        """The conditions on loops that end."""
        shown: tuple[Shown, ...] = ()
        for group in groups:
            for number, due in enumerate(self._plan.ends[group]):
                if all(bound[other] for other in due.others):
                    tree = self._tree(("end", group, number), [due.condition], self._plain)
                    shown += tree.of(bound, event, self.key)
        return shown

    def _tree(self, place: Any, expressions: Sequence[Any], scope: Scope) -> ConditionTree:
        found = self._trees.get(place)
        if found is None:
            compiler = self._operator.around.compiler
            found = self._trees[place] = ConditionTree(expressions, compiler, scope)
        return found

    # ---- completion ----

    def completion_faults(self, of: Alignment, finish: Finish) -> list[Fault]:
        """What is false of a run that is complete."""
        run = of.run
        bound = run.events_by_step(self._width)
        shown = self.ends_shown(bound, finish.ends, run.last.event)
        if distance(shown):
            return [Fault("where", 1.0, run.last.event, shown)]
        if self.having is not None:
            shown = self.having.of(bound, run.last.event, self.key, bound.taken)
            if distance(shown):
                return [Fault("having", 0.9, run.last.event, shown)]
        return []

    # ---- moves ----

    def take(self, of: Alignment, edge: Edge, offered: Offered, faults: Sequence[Fault]) -> Alignment:
        """The alignment after the event."""
        run = of.run
        registers = self._after(self.automaton, run, edge, offered.event)
        link = Link(offered.event, offered.serial, edge.target, run.last)
        taken = Run(run.key, run.start, link, edge.target, registers)
        return Alignment(taken, (*of.faults, *faults), of, self.path(taken))

    def start(self, edge: Edge, offered: Offered, faults: Sequence[Fault]) -> Alignment:
        """An alignment that begins."""
        self.serial = offered.serial
        begun = Start(offered.serial, offered.event.time_us)
        run = self._begun(self.automaton, edge, offered.event, self.key, begun, None)
        return Alignment(run, tuple(faults), None, self.path(run))

    def stays(self, of: Alignment, edge: Edge) -> bool:
        """Whether the run without the event lives on as well."""
        return self._stays(self.automaton, of.run, edge)

    def stop(self, of: Alignment, seen: PlaceView, offered: Offered) -> Fault | None:
        """What closes the loop around the run: a fault where the run ends by it."""
        run = of.run
        for register, role, ways in seen.stops:
            if not run.registers[register] and self._fits(role, run, offered.event, offered.mask, run.key):
                if not any(is_full(self.automaton, run.registers, way) for way in ways):
                    return Fault("until", 1.0, offered.event)
                changed = list(run.registers)
                changed[register] = 1
                run.registers = tuple(changed)
        return None

    def pass_by(self, of: Alignment, seen: PlaceView, offered: Offered) -> None:
        """The event takes no role."""
        run = of.run
        before = run.spoiled
        if not run.passed:
            of.passed_by = offered.event
        self._pass_by(self.automaton, seen, run, offered.event, offered.mask)
        new = run.spoiled & ~before
        while new:
            bit = new & -new
            of.spoilers[bit] = offered.event
            new ^= bit


def _over(excess_us: int, bound_us: int) -> float:
    return 1.0 + 0.8 * excess_us / (excess_us + max(1, bound_us))
