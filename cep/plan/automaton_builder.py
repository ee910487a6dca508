"""From a pattern to its automaton: fragments with ways in, out and through, joined from the inside out. Plan layer.

Each element becomes a fragment: the ways to its first steps, the ways from its last steps to its end, and the ways
through it without an event (what may be empty, and absences, which bind nothing). Joining two fragments makes an edge
of each way out of the first and each way into the second. The order in which edges are made is the order of preference:
for a greedy loop another turn before leaving, inner loops before outer; for a reluctant one the other way round.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from cep.language import checked as c
from cep.plan.automaton import Automaton, Edge, Finish, Fit, Opening, Place, Register, Stop, Watch

_START = -1

FitsOf = Callable[[c.Step], Mapping[str, Fit]]


@dataclass(frozen=True, slots=True)
class _Way:
    """A stretch of the way from one event to the next: what it asks for and what it changes.

    ``gap`` are the absences on it with their distance from its beginning, ``quiet_us`` the time that they take.
    ``left_limits`` and ``until`` are the parts that it leaves after its last absence.
    """

    again: int | None = None
    full: tuple[int, ...] = ()
    members: tuple[tuple[int, int], ...] = ()
    strict: bool = False
    gap: tuple[tuple[c.Absence, int], ...] = ()
    quiet_us: int = 0
    minimum_us: int = 0
    resets: tuple[tuple[int, int | None], ...] = ()
    opens: tuple[Opening, ...] = ()
    ends: tuple[int, ...] = ()
    stays: bool = False
    stays_beyond: tuple[int, ...] = ()
    prefers_staying: bool = False
    further: bool = False
    left_limits: tuple[int, ...] = ()
    until: int | None = None

    def then(self, later: _Way) -> _Way:
        """This way and another behind it."""
        return _Way(
            again=self.again if later.again is None else later.again,
            full=self.full + later.full,
            members=self.members + later.members,
            strict=self.strict or later.strict,
            gap=self.gap + tuple((absence, at_us + self.quiet_us) for absence, at_us in later.gap),
            quiet_us=self.quiet_us + later.quiet_us,
            minimum_us=max(self.minimum_us, later.minimum_us + self.quiet_us if later.minimum_us else 0),
            resets=tuple({**dict(self.resets), **dict(later.resets)}.items()),
            opens=self.opens + tuple(_later(opening, self.quiet_us) for opening in later.opens),
            ends=self.ends + later.ends,
            stays=self.stays or later.stays,
            stays_beyond=self.stays_beyond + later.stays_beyond,
            prefers_staying=self.prefers_staying or later.prefers_staying,
            further=self.further or later.further,
            left_limits=later.left_limits
            if later.gap or later.until is not None
            else self.left_limits + later.left_limits,
            until=later.until if later.gap or later.until is not None else self.until,
        )

    @property
    def waits(self) -> bool:
        """Whether time must pass on it."""
        return any(absence.duration_us is not None for absence, _ in self.gap)


def _later(opening: Opening, by_us: int) -> Opening:
    return opening if opening.base_us is None else replace(opening, base_us=opening.base_us + by_us)


_Ways = list[tuple[int, _Way]]


@dataclass(slots=True)
class _Fragment:
    """A part of a pattern.

    ``late`` are the ways in that come after all others (reluctant), ``led`` those that only the start of a match takes
    (the event from which a leading absence counts). ``out`` are the ways from a step to the end.
    """

    entries: _Ways = field(default_factory=list)
    late: _Ways = field(default_factory=list)
    led: _Ways = field(default_factory=list)
    out: dict[int, list[_Way]] = field(default_factory=dict)
    through: list[_Way] = field(default_factory=list)

    def entered(self, change: Callable[[int, _Way], _Way]) -> _Fragment:
        """The same with each way in changed."""
        entries = [(step, change(step, way)) for step, way in self.entries]
        late = [(step, change(step, way)) for step, way in self.late]
        led = [(step, change(step, way)) for step, way in self.led]
        return _Fragment(entries, late, led, self.out, self.through)

    def left(self, end: _Way) -> _Fragment:
        """The same with something at the end of each way out."""
        out = {step: [way.then(end) for way in ways] for step, ways in self.out.items()}
        return _Fragment(self.entries, self.late, self.led, out, self.through)


@dataclass(slots=True)
class _Made:
    """An edge while it is made."""

    source: int
    edge: Edge


class AutomatonBuilder:
    """Builds one automaton; make one for each.

    ``numbers`` are the steps by name, ``fits`` gives what an event must satisfy for a step, ``ends`` the group of
    conditions that are tested when a loop ends, by the names of the steps in it. ``leading`` are the steps from which
    leading absences count: see :func:`leading_events`.
    """

    def __init__(
        self,
        numbers: Mapping[str, int],
        fits: FitsOf,
        ends: Mapping[str, int],
        leading: Collection[str] = (),
    ) -> None:
        self._numbers = numbers
        self._fits = fits
        self._ends = ends
        self._leading = leading
        self._registers: list[Register] = []
        self._watches: list[Watch] = []
        self._before: dict[int, list[_Made]] = {}
        self._after: dict[int, list[_Made]] = {}
        self._log: list[_Made] = []
        self._stops: dict[int, list[Stop]] = {}
        self._loops = 0

    def build(self, pattern: c.PatternNode) -> Automaton:
        """The automaton of a pattern."""
        whole = self._fragment(pattern, False)
        for step, way in [*whole.led, *whole.entries, *whole.late]:
            if not way.gap:  # nothing has come from which an absence could count
                self._edge(_START, step, way, False)
        steps = sorted({made.edge.target for made in self._log})
        places = {step: self._place(step, whole.out.get(step, [])) for step in steps}
        return Automaton(tuple(self._edges(_START)), places, tuple(self._registers), tuple(self._watches))

    def _edges(self, source: int) -> Iterator[Edge]:
        seen: set[Edge] = set()
        for made in [*self._before.get(source, []), *self._after.get(source, [])]:
            if made.edge not in seen:
                seen.add(made.edge)
                yield made.edge

    def _place(self, step: int, ways: Sequence[_Way]) -> Place:
        edges = tuple(self._edges(step))
        finish = self._finish(ways[0], edges) if ways else None
        return Place(edges, finish, tuple(self._stops.get(step, [])))

    def _finish(self, way: _Way, edges: Sequence[Edge]) -> Finish:
        goes_on = any(e.again is not None and self._registers[e.again].every and e.stays for e in edges)
        watches = self._watched(way)
        if not way.gap:
            if way.until is None:
                return Finish("at_once", way.full, way.ends, goes_on=goes_on)
            return Finish("until", way.full, way.ends, limits=way.left_limits, until=way.until)
        closing = way.gap[-1][0]
        label = _label(closing.element)
        if closing.duration_us is not None:
            return Finish("after_last", way.full, way.ends, watches, way.quiet_us, awaited=label)
        return Finish("limit", way.full, way.ends, watches, way.quiet_us, way.left_limits, awaited=label)

    # ---- edges ----

    def _edge(self, source: int, target: int, way: _Way, late: bool) -> None:
        edge = Edge(
            target,
            way.again,
            way.full,
            way.members,
            (),
            self._watched(way),
            way.strict,
            (),
            way.quiet_us if way.waits else None,
            way.minimum_us,
            way.resets,
            way.opens,
            way.ends,
            way.stays,
            way.stays_beyond,
            way.prefers_staying,
            way.further,
        )
        made = _Made(source, edge)
        self._log.append(made)
        if late:
            self._after.setdefault(source, []).insert(0, made)
        else:
            self._before.setdefault(source, []).append(made)

    def _watched(self, way: _Way) -> int:
        bits = 0
        for absence, at_us in way.gap:
            until_us = None if absence.duration_us is None else at_us + absence.duration_us
            watch = self._watch(absence.element, at_us, until_us)
            if watch not in self._watches:
                self._watches.append(watch)
            bits |= 1 << self._watches.index(watch)
        return bits

    def _watch(self, element: c.PatternNode, after_us: int, until_us: int | None) -> Watch:
        event = single_event(element)
        if event is not None:
            return Watch(_label(element), self._fits(event), after_us, until_us)
        inner = AutomatonBuilder(self._numbers, self._fits, {}).build(element)
        return Watch(_label(element), {}, after_us, until_us, inner)

    def _mark(self, since: int, change: Callable[[Edge], Edge]) -> None:
        """Change the edges that were made since."""
        for made in self._log[since:]:
            made.edge = change(made.edge)

    def _register(self, register: Register) -> int:
        self._registers.append(register)
        return len(self._registers) - 1

    # ---- elements ----

    def _fragment(self, node: c.PatternNode, every: bool) -> _Fragment:
        match node:
            case c.Step():
                number = self._numbers[node.name]
                return _Fragment([(number, _Way())], out={number: [_Way()]})
            case c.Absence():
                return self._absence(node)
            case c.Expectation():
                return self._absence(c.Absence(node.element, node.duration_us, span=node.span))
            case c.Sequence():
                return self._sequence(node)
            case c.Loop():
                return self._loop(node, every or node.mode == "every")
            case c.Consecutive():
                since = len(self._log)
                inner = self._fragment(node.element, False)
                self._mark(since, _strict)
                return inner
            case c.Choice():
                return self._choice(node)
            case c.SomeOf():
                return self._some_of(node)
            case c.Until():
                return self._until(node)
            case c.Bounded():
                return self._bounded(node)

    def _joined(self, first: _Fragment, second: _Fragment) -> _Fragment:
        for source, ways in first.out.items():
            for way in ways:
                for target, entry in second.entries:
                    self._edge(source, target, way.then(entry), False)
                for target, entry in reversed(second.late):
                    self._edge(source, target, way.then(entry), True)
        whole = _Fragment(list(first.entries), list(first.late), list(first.led), dict(second.out))
        for through in first.through:
            whole.led += [(step, through.then(way)) for step, way in second.led if not through.gap]
            whole.entries += [(step, through.then(way)) for step, way in second.entries]
            whole.late = [(step, through.then(way)) for step, way in second.late] + whole.late
            whole.through += [through.then(way) for way in second.through]
        for source, ways in first.out.items():
            passed = [way.then(through) for way in ways for through in second.through]
            if passed:
                whole.out[source] = passed
        return whole

    def _absence(self, node: c.Absence) -> _Fragment:
        way = _Way(gap=((node, 0),), quiet_us=node.duration_us or 0)
        numbers = [self._numbers[event.name] for event in single_steps(node.element) if event.name in self._leading]
        return _Fragment(led=[(n, _Way()) for n in numbers], out={n: [way] for n in numbers}, through=[way])

    def _sequence(self, node: c.Sequence) -> _Fragment:
        whole = self._fragment(node.first, False)
        for link in node.links:
            whole = self._joined(whole, self._linked(link))
        return whole

    def _linked(self, link: c.Link) -> _Fragment:
        """The element behind a ``then``, with what the ``then`` asks for."""
        since = len(self._log)
        inner = self._fragment(link.element, link.contiguity == "every")
        before = _Way(
            strict=link.contiguity == "strict", stays=link.contiguity == "every", minimum_us=link.minimum_us or 0
        )
        if link.maximum_us is None:
            return inner.entered(lambda step, way: before.then(way))
        limit = self._register(Register("limit", f"within of {_label(link.element)}"))
        opening = Opening(limit, link.maximum_us, 0)
        self._mark(since, lambda edge: replace(edge, limits=(*edge.limits, limit)))
        before = replace(before, opens=(opening,))
        end = _Way(resets=((limit, None),), left_limits=(limit,))
        return inner.entered(lambda step, way: before.then(way)).left(end)

    def _bounded(self, node: c.Bounded) -> _Fragment:
        since = len(self._log)
        inner = self._fragment(node.element, False)
        limit = self._register(Register("limit", f"within of ({_label(node.element)} …)"))
        self._mark(since, lambda edge: replace(edge, limits=(*edge.limits, limit)))
        start = _Way(opens=(Opening(limit, node.within_us),))
        end = _Way(resets=((limit, None),), left_limits=(limit,))
        return inner.entered(lambda step, way: start.then(way)).left(end)

    def _loop(self, node: c.Loop, every: bool) -> _Fragment:
        outermost = self._loops == 0 and node.maximum != 1
        self._loops += node.maximum != 1
        since = len(self._log)
        inner = self._fragment(node.element, False)
        if node.mode == "consecutive":
            self._mark(since, _strict)
        self._loops -= node.maximum != 1
        if node.maximum == 1:
            return self._optional(inner, node)
        name = f"turns of {_label(node.element)}"
        turns = self._register(Register("turns", name, node.minimum, node.maximum, every=every))
        self._turns(inner, node, turns, every)
        ends = (
            tuple(sorted({self._ends[s.name] for s in binding_steps(node) if s.name in self._ends}))
            if outermost
            else ()
        )
        whole = inner.entered(
            lambda step, way: _Way(resets=((turns, 1),), stays=every, prefers_staying=not node.greedy).then(way)
        )
        whole = whole.left(_Way(full=(turns,), resets=((turns, 0),), ends=ends))
        return self._optional(whole, node) if node.minimum == 0 else whole

    def _turns(self, inner: _Fragment, node: c.Loop, turns: int, every: bool) -> None:
        """The ways from the end of one turn to the next."""
        made: list[tuple[int, int, _Way]] = []
        for source, ways in inner.out.items():
            for way in ways:
                for target, entry in [*inner.entries, *inner.late]:
                    again = _Way(
                        again=turns,
                        strict=node.mode == "consecutive",
                        stays=every,
                        stays_beyond=() if _at_once(inner, target, self._registers) else (turns,),
                        prefers_staying=not node.greedy,
                    )
                    made.append((source, target, way.then(again).then(entry)))
        for source, target, way in made if node.greedy else reversed(made):
            self._edge(source, target, way, not node.greedy)

    def _optional(self, inner: _Fragment, node: c.Loop) -> _Fragment:
        def begun(step: int, way: _Way) -> _Way:
            stays = not _at_once(inner, step, self._registers)
            return _Way(stays=stays, prefers_staying=not node.greedy, further=True).then(way)

        whole = inner.entered(begun)
        if not node.greedy:
            whole.entries, whole.late = [], [*whole.entries, *whole.late]
        return _Fragment(whole.entries, whole.late, whole.led, whole.out, [_Way(), *inner.through])

    def _choice(self, node: c.Choice) -> _Fragment:
        whole = _Fragment()
        for member in node.members:
            inner = self._fragment(member, False)
            begun = inner.entered(self._tentative(inner))
            whole.entries += begun.entries if begun.through else [*begun.entries, *begun.late]
            whole.late += begun.late if begun.through else []
            whole.led += begun.led
            whole.out |= begun.out
            whole.through += begun.through
        return whole

    def _tentative(self, inner: _Fragment) -> Callable[[int, _Way], _Way]:
        """A way into a member: the reading that did without it stays while it is not complete."""

        def begun(step: int, way: _Way) -> _Way:
            return _Way(stays=not _at_once(inner, step, self._registers)).then(way)

        return begun

    def _some_of(self, node: c.SomeOf) -> _Fragment:
        register = len(self._registers)
        self._registers.append(Register("members", "members", count=node.count))
        inners = [self._fragment(member, False) for member in node.members]
        free = sum(1 << bit for bit, inner in enumerate(inners) if inner.through)
        name = " and ".join(_label(member) for member in node.members)
        self._registers[register] = Register("members", f"done of {name}", count=node.count, free=free)
        whole = _Fragment()
        for bit, inner in enumerate(inners):
            begun = inner.entered(self._tentative(inner))
            first = _Way(resets=((register, 1 << bit),))
            whole.entries += [(step, first.then(way)) for step, way in [*begun.entries, *begun.late]]
            for other, before in enumerate(inners):
                if other != bit:
                    self._next_member(before, begun, (register, bit))
            for step, ways in inner.out.items():
                whole.out[step] = [way.then(_Way(full=(register,), resets=((register, 0),))) for way in ways]
        if free.bit_count() >= node.count:
            whole.through.append(_Way())
        return whole

    def _next_member(self, before: _Fragment, begun: _Fragment, member: tuple[int, int]) -> None:
        for source, ways in before.out.items():
            for way in ways:
                for target, entry in [*begun.entries, *begun.late]:
                    self._edge(source, target, way.then(_Way(members=(member,))).then(entry), False)

    def _until(self, node: c.Until) -> _Fragment:
        since = len(self._log)
        inner = self._fragment(node.element, False)
        closed = self._register(Register("closed", f"until {_label(node.stop)}"))
        self._mark(since, lambda edge: replace(edge, closed=(*edge.closed, closed)))
        event = single_event(node.stop)
        assert event is not None, "the checker lets only events stand behind `until`"
        fits = self._fits(event)
        for step in [*leading_events(node.element), *binding_steps(node.element)]:
            if step.name not in self._numbers:
                continue
            number = self._numbers[step.name]
            ways = tuple(way.full for way in inner.out.get(number, []))
            self._stops.setdefault(number, []).append(Stop(closed, _label(node.stop), fits, ways))
        return inner.left(_Way(resets=((closed, 0),), until=closed))


def _strict(edge: Edge) -> Edge:
    return replace(edge, strict=True)


def _at_once(inner: _Fragment, step: int, registers: Sequence[Register]) -> bool:
    """Whether a part is complete with its first event."""
    return any(
        not way.gap and all(_full_at_once(registers[register]) for register in way.full)
        for way in inner.out.get(step, [])
    )


def _full_at_once(register: Register) -> bool:
    return register.minimum <= 1 if register.kind == "turns" else register.count - register.free.bit_count() <= 1


def leading_events(node: c.PatternNode) -> list[c.Step]:
    """The events from which leading absences count: `no B for D then A` begins with the B before the silence."""
    match node:
        case c.Absence() | c.Expectation():
            return single_steps(node.element) if node.duration_us is not None else []
        case c.Sequence():
            found: list[c.Step] = []
            for element in (node.first, *(link.element for link in node.links)):
                found += leading_events(element)
                if isinstance(element, c.Absence | c.Expectation) or not may_be_empty(element):
                    break
            return found
        case c.Loop() | c.Consecutive() | c.Bounded() | c.Until():
            return leading_events(node.element)
    return []


def may_be_empty(node: c.PatternNode) -> bool:
    """Whether a match may bind nothing in it."""
    match node:
        case c.Absence() | c.Expectation():
            return True
        case c.Loop():
            return node.minimum == 0 or may_be_empty(node.element)
        case c.Sequence():
            return may_be_empty(node.first) and all(may_be_empty(link.element) for link in node.links)
        case c.Choice():
            return any(may_be_empty(member) for member in node.members)
        case c.SomeOf():
            return sum(may_be_empty(member) for member in node.members) >= node.count
        case c.Until() | c.Bounded() | c.Consecutive():
            return may_be_empty(node.element)
    return False


def binding_steps(node: c.PatternNode) -> Iterator[c.Step]:
    """The steps that bind events, in the order written."""
    match node:
        case c.Step():
            yield node
        case c.Loop() | c.Consecutive() | c.Bounded() | c.Until():
            yield from binding_steps(node.element)
        case c.Choice() | c.SomeOf():
            for member in node.members:
                yield from binding_steps(member)
        case c.Sequence():
            yield from binding_steps(node.first)
            for link in node.links:
                yield from binding_steps(link.element)


def single_steps(node: c.PatternNode) -> list[c.Step]:
    """The events of a step or a choice of steps; nothing for anything else."""
    if isinstance(node, c.Step):
        return [node]
    members = node.members if isinstance(node, c.Choice) else ()
    return [m for m in members if isinstance(m, c.Step)] if all(isinstance(m, c.Step) for m in members) else []


def single_event(node: c.PatternNode) -> c.Step | None:
    """A step, or a choice of steps as one; null for anything else."""
    if isinstance(node, c.Step):
        return node
    steps = single_steps(node)
    if not steps:
        return None
    label = " or ".join(step.label for step in steps)
    return c.Step(steps[0].name, label, tuple(a for step in steps for a in step.alternatives), span=node.span)


def _label(node: c.PatternNode) -> str:
    """How a part is called: its first step."""
    match node:
        case c.Step():
            return node.label
        case c.Choice():
            return " or ".join(_label(member) for member in node.members)
        case c.SomeOf():
            return " and ".join(_label(member) for member in node.members)
        case c.Sequence():
            return " then ".join(_label(part) for part in (node.first, *(link.element for link in node.links)))
        case _:
            return _label(node.element)
