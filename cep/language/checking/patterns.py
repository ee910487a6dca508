"""Patterns to their normal form: named steps, loops, links, with every condition checked. Language layer.

Three walks. The first finds the names that will be visible, the second builds the nodes and notes for each step which
others are bound when it is tested, the third checks the conditions, for which all steps must be known.

What is bound when a step is tested: what stands before it in a sequence, and in a loop what its earlier turns bound.
The members of ``and``, ``or`` and ``N of`` know nothing of each other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Literal as OneOf

from cep.diagnostics import Span, did_you_mean
from cep.language import syntax
from cep.language.checked import (
    Absence,
    Alternative,
    Bounded,
    Choice,
    Consecutive,
    Expectation,
    Expression,
    Link,
    Loop,
    PatternNode,
    Sequence,
    SomeOf,
    Step,
    Until,
)
from cep.language.checking.conditions import warn_of_condition
from cep.language.checking.namespace import Namespace, snake_case
from cep.language.checking.phrases import PhraseResolver
from cep.language.expressions.constants import duration_us
from cep.language.expressions.scope import Scope, StepInfo
from cep.language.words import closest

Event = syntax.EventPhrase | syntax.AnyEvent

_IN_ANY_ORDER = {"and": "`and`", "or": "`or`", "of": "`of (…)`"}


@dataclass(frozen=True, slots=True)
class _Pending:
    """A step whose conditions wait until all steps are known."""

    step: Step
    events: tuple[Event, ...]
    bound: frozenset[str]


@dataclass(frozen=True, slots=True)
class CheckedPattern:
    """A pattern in normal form and its steps, those that bind nothing included, in the order written."""

    node: PatternNode
    steps: dict[str, StepInfo] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Place:
    """Where in the pattern the walk is.

    ``inside`` are the constructs around (``and``, ``or``, ``of``, ``loop``, ``no``, ``until``), innermost last.
    ``leading``: nothing stands before it.
    """

    inside: tuple[str, ...] = ()
    loops: tuple[int, ...] = ()
    optional: bool = False
    leading: bool = True

    def within(self, construct: str, *, optional: bool | None = None) -> _Place:
        """The place inside a construct."""
        is_optional = self.optional if optional is None else self.optional or optional
        inside = (*self.inside, construct)
        return replace(self, inside=inside, optional=is_optional)

    @property
    def absent(self) -> OneOf["no", "until"] | None:
        """Whether what stands here binds nothing, and why."""
        return "no" if "no" in self.inside else "until" if "until" in self.inside else None


class PatternChecker:
    """Checks one pattern; make one for each."""

    def __init__(self, phrases: PhraseResolver, namespace: Namespace) -> None:
        self.phrases = phrases
        self.expressions = phrases.expressions
        self.report = phrases.report
        self.namespace = namespace
        self._steps: dict[str, StepInfo] = {}
        self._pending: list[_Pending] = []
        self._bound: set[str] = set()
        self._visible: set[str] = set()
        self._loop_count = 0

    def check(self, pattern: syntax.Pattern) -> CheckedPattern:
        """The normal form of a whole pattern."""
        self._visible = set(self._visible_names(pattern))
        node = self._build(pattern, _Place(), None)
        steps = {pending.step.name: self._with_conditions(pending) for pending in self._pending}
        return CheckedPattern(substituted(node, steps), self._steps)

    # ---- names ----

    def _visible_names(self, node: object, name: str | None = None) -> Iterator[str]:
        """The names of the steps below, as far as they bind events."""
        match node:
            case syntax.EventPhrase():
                yield name or snake_case(self.phrases.label(node))
            case syntax.AnyEvent():
                yield name or "any"
            case syntax.Named(element=inner, name=given):
                if self._merged_events(inner) is not None:
                    yield given
                else:
                    yield from self._visible_names(inner, given)
            case syntax.Group(pattern=inner):
                yield from self._visible_names(inner, name)
            case syntax.Repeat(element=inner) | syntax.Every(element=inner):
                yield from self._visible_names(inner, name)
            case (
                syntax.Consecutive(element=inner)
                | syntax.Until(element=inner)
                | syntax.Expectation(element=inner)
                | syntax.Link(element=inner)
            ):
                yield from self._visible_names(inner)
            case syntax.Or(members=members) | syntax.And(members=members) | syntax.SomeOf(members=members):
                for member in members:
                    yield from self._visible_names(member)
            case syntax.Sequence(first=first, links=links):
                for part in (first, *links):
                    yield from self._visible_names(part)

    def _name(self, wanted: str, event: str | None, place: _Place, span: Span) -> str:
        """A name that is free: a clash of visible steps is reported, steps that bind nothing make way.

        ``event`` is what the author wrote where the name was not given by ``as``.
        """
        taken = self._steps.get(wanted)
        hidden = place.absent is not None
        if taken is not None and not hidden:
            message = f"two steps are called `{wanted}`"
            hint = "give one of them another name"
            if event is not None:
                hint = f"name them with `as`, such as `{event} as first_{wanted}`"
            self.report.error("CEP207", message, span, hint, ((taken.span, "the other is here"),))
        name, number = wanted, 2
        while name in self._steps or (hidden and name in self._visible):
            name, number = f"{wanted}_{number}", number + 1
        return name

    # ---- building ----

    def _build(self, node: syntax.Pattern, place: _Place, name: str | None) -> PatternNode:
        match node:
            case syntax.EventPhrase() | syntax.AnyEvent():
                return self._step((node,), place, name, node.span)
            case syntax.Group():
                return self._group(node, place, name)
            case syntax.Named():
                return self._named(node, place, name)
            case syntax.Repeat():
                return self._loop(node, place, name)
            case syntax.Every():
                return self._misplaced_every(node, place, name)
        if name is not None:
            self._refuse_name(node, name)
        match node:
            case syntax.Consecutive():
                element = self._build(node.element, place.within("consecutive"), None)
                return element if isinstance(element, Step) else Consecutive(element, span=node.span)
            case syntax.Until():
                return self._until(node, place)
            case syntax.Or():
                return Choice(self._members(node.members, "or", place, True), span=node.span)
            case syntax.And():
                members = self._members(node.members, "and", place, False)
                return self._some_of(len(members), members, node.span)
            case syntax.SomeOf():
                fewer = node.count < len(node.members)
                members = self._members(node.members, "of", place, fewer)
                return self._some_of(node.count, members, node.span)
            case syntax.Absence():
                return self._absence(node, place)
            case syntax.Expectation():
                return self._expectation(node, place)
            case syntax.Sequence():
                return self._sequence(node, place)

    def _step(self, events: tuple[Event, ...], place: _Place, name: str | None, span: Span) -> Step:
        label = name
        types: list[str | None] = []
        for event in events:
            if isinstance(event, syntax.AnyEvent):
                label = label or "any"
                types.append(None)
            else:
                label = label or self.phrases.label(event)
                types.extend(self.phrases.types(event))
        assert label is not None
        if place.loops and len(events) == 1:
            self._warn_of_plural(events[0])
        unique = self._name(name or snake_case(label), label if name is None else None, place, span)
        self._steps[unique] = StepInfo(
            unique,
            tuple(dict.fromkeys(types)),
            place.loops,
            place.optional,
            place.absent,
            name is None,
            span=span,
        )
        step = Step(unique, label, (), span=span)
        self._pending.append(_Pending(step, events, frozenset(self._bound)))
        if place.absent is None:
            self._bound.add(unique)
        return step

    def _warn_of_plural(self, event: Event) -> None:
        """``three Payments``, and nothing says whether the type is ``Payment``: it is read as written."""
        if isinstance(event, syntax.AnyEvent) or len(event.words) > 1:
            return
        (word,) = event.words
        singular = self.namespace.unknown_singular(word)
        if singular is not None:
            message = f"nothing declares `{singular}`, so `{word}` is an event type of that very name"
            hint = f"write `{singular}`, or declare the one that is meant: `event {singular} {{ … }}`"
            self.report.warning("CEP222", message, event.span, hint)

    def _group(self, node: syntax.Group, place: _Place, name: str | None) -> PatternNode:
        events = self._merged_events(node) if name is not None and node.within is None else None
        if events is not None:
            return self._step(events, place, name, node.span)
        inner = self._build(node.pattern, place, name)
        if node.within is None:
            return inner
        within = duration_us(self.report, self._duration(node.within), "`within`")
        return inner if within is None else Bounded(inner, within, span=node.span)

    def _named(self, node: syntax.Named, place: _Place, name: str | None) -> PatternNode:
        if name is not None:
            message = f"this has two names, `{node.name}` and `{name}`"
            self.report.error("CEP416", message, node.span, "write one `as`")
        if isinstance(node.element, syntax.Absence) or place.absent is not None:
            word = "`no`" if isinstance(node.element, syntax.Absence) else f"`{place.absent}`"
            message = f"what {word} waits for binds no event, so it has no name"
            if word == "`until`":
                message = "what ends a loop binds no event, so it has no name"
            self.report.error("CEP402", message, node.span, f"leave out `as {node.name}`")
            return self._build(node.element, place, None)
        return self._build(node.element, place, node.name)

    def _refuse_name(self, node: syntax.Pattern, name: str) -> None:
        hint = f"put the name behind one event or its loop, inside: `… as {name}`"
        if isinstance(node, syntax.Or):
            hint = f"write `(A or B) as {name}` over events without names of their own"
        message = f"`{name}` names more than one step"
        self.report.error("CEP416", message, node.span, hint)

    def _merged_events(self, node: object) -> tuple[Event, ...] | None:
        """The events of ``(A or B)``, which under a name are one step; null where it is anything else."""
        match node:
            case syntax.Group(pattern=inner, within=None):
                return self._merged_events(inner)
            case syntax.Or(members=members):
                events = [m for m in members if isinstance(m, syntax.EventPhrase | syntax.AnyEvent)]
                return tuple(events) if len(events) == len(members) else None
        return None

    # ---- loops ----

    def _loop(self, node: syntax.Repeat, place: _Place, name: str | None) -> PatternNode:
        if node.minimum == node.maximum == 1:
            return self._build(node.element, place, name)
        inside = place.within("loop", optional=node.minimum == 0)
        if node.maximum != 1:
            self._loop_count += 1
            inside = replace(inside, loops=(*place.loops, self._loop_count))
        if node.mode == "every":
            inside = replace(inside, inside=(*inside.inside, "every"))
        before = set(self._bound)
        if node.maximum != 1 and place.absent is None:
            self._bound |= set(self._visible_names(node.element, name))
        element = self._build(node.element, inside, name)
        self._bound = before | self._names_below(element) if place.absent is None else before
        mode = node.mode or "relaxed"
        if mode == "every" and not isinstance(element, Step):
            self._refuse_every(node.span, "`every` stands before one event or a loop of one event")
        if isinstance(element, Absence):
            message = "what stays away cannot be repeated"
            self.report.error("CEP401", message, node.span, "write `no … for` with the whole time")
            return element
        return Loop(element, node.minimum, node.maximum, node.greedy, mode, span=node.span)

    def _names_below(self, node: PatternNode) -> set[str]:
        names = {step.name for step in steps_of(node)}
        return {name for name in names if self._steps[name].absent is None}

    def _misplaced_every(self, node: syntax.Every, place: _Place, name: str | None) -> PatternNode:
        where = next((_IN_ANY_ORDER[c] for c in reversed(place.inside) if c in _IN_ANY_ORDER), None)
        if where is not None:
            problem, hint = f"`every` has no meaning inside {where}", "write it behind a `then`"
        else:
            problem = "`every` stands behind a `then`"
            hint = "leave it out: every event that can start a match starts one"
        self._refuse_every(node.span, problem, hint)
        return self._build(node.element, place, name)

    def _refuse_every(self, span: Span, problem: str, hint: str | None = None) -> None:
        hint = hint or "write it before a single event: `then every B`, `three every B`"
        self.report.error("CEP408", problem, span, hint)

    def _until(self, node: syntax.Until, place: _Place) -> PatternNode:
        element = self._build(node.element, place, None)
        bound = set(self._bound)
        stop = self._build(node.stop, place.within("until"), None)
        self._bound = bound
        if isinstance(element, Step | Absence):
            message = "`until` ends a loop or a group, this is a single event"
            label = element.label if isinstance(element, Step) else "A"
            self.report.error("CEP417", message, node.span, f"write `some {label} until …`")
        if any(not isinstance(part, Step | Choice) for part in _below(stop)):
            message = "a loop ends at one event"
            hint = "write one event behind `until`, or several in parentheses: `(A or B)`"
            self.report.error("CEP417", message, stop.span, hint)
        return Until(element, stop, span=node.span)

    # ---- members in any order ----

    def _members(
        self, members: tuple[syntax.Pattern, ...], construct: str, place: _Place, optional: bool
    ) -> tuple[PatternNode, ...]:
        inside = place.within(construct, optional=optional)
        before = frozenset(self._bound)
        after: set[str] = set()
        built = []
        for member in members:
            self._bound = set(before)
            built.append(self._build(member, inside, None))
            after |= self._bound
        self._bound = after | before
        return tuple(built)

    def _some_of(self, count: int, members: tuple[PatternNode, ...], span: Span) -> PatternNode:
        if len(members) == 1 and count == 1:
            return members[0]
        if count > len(members):
            message = f"{count} of {len(members)} can never be complete"
            self.report.error("CEP417", message, span, f"write at most `{len(members)} of`")
        return SomeOf(min(count, len(members)), members, span=span)

    # ---- absence ----

    def _absence(self, node: syntax.Absence, place: _Place) -> PatternNode:
        around = next((c for c in reversed(place.inside) if c in _IN_ANY_ORDER), None)
        refused = place.absent is not None or around is not None
        if place.absent is not None:
            message = f"`no` has no meaning inside `{place.absent}`"
            self.report.error("CEP401", message, node.span, "leave it out")
        elif around is not None:
            message = f"`no` has no meaning inside {_IN_ANY_ORDER[around]}"
            hint = "put it into the sequence: `A then no B then C`"
            self.report.error("CEP401", message, node.span, hint)
        bound = set(self._bound)
        element = self._build(node.element, place.within("no"), None)
        self._bound = bound
        self._refuse_inside_no(element, node.span)
        if refused:
            return element
        if node.duration is None:
            return Absence(element, span=node.span)
        length = duration_us(self.report, self._duration(node.duration), "the time of `no … for`")
        return Absence(element, 1 if length is None else length, span=node.span)

    def _refuse_inside_no(self, element: PatternNode, span: Span) -> None:
        """A group that stays away is a pattern like any other, but it is looked for only once, and to its end."""
        for part in _below(element):
            links = part.links if isinstance(part, Sequence) else ()
            every = isinstance(part, Loop) and part.mode == "every"
            if every or any(link.contiguity == "every" for link in links):
                message = "`every` has no meaning inside `no`: the first that comes is one too many"
                self.report.error("CEP401", message, span, "leave out `every`")
            if isinstance(part, Until):
                message = "`until` has no meaning inside `no`: the loop is one too many at its minimum"
                self.report.error("CEP401", message, span, "leave out `until`")

    def _expectation(self, node: syntax.Expectation, place: _Place) -> PatternNode:
        if place.inside or not place.leading:
            message = "`expect` begins a pattern"
            self.report.error("CEP422", message, node.span, "in the middle write `no … for`")
        tables = self.namespace.tables
        if node.table not in tables and node.table not in self.namespace.broken_tables:
            message = f"no table is called `{node.table}`"
            hint = did_you_mean(closest(node.table, tables))
            hint = hint or f'declare it: `table {node.table} from "PATH" key FIELD`'
            self.report.error("CEP215", message, node.span, hint)
        element = self._build(node.element, replace(place, optional=True), None)
        length = duration_us(self.report, self._duration(node.duration), "the time of `expect … for`")
        if not isinstance(element, Step):
            message = "`expect` waits for one event"
            self.report.error("CEP422", message, node.span, "write one event behind `expect`")
            return element
        return Expectation(element, node.table, 1 if length is None else length, span=node.span)

    # ---- sequences ----

    def _sequence(self, node: syntax.Sequence, place: _Place) -> PatternNode:
        first = self._build(node.first, place, None)
        links = tuple(self._link(link, replace(place, leading=False)) for link in node.links)
        return Sequence(first, links, span=node.span)

    def _link(self, link: syntax.Link, place: _Place) -> Link:
        element, contiguity = link.element, "strict" if link.immediately else "relaxed"
        name = None
        if isinstance(element, syntax.Named) and isinstance(element.element, syntax.Every):
            name = element.name
            element = element.element
        if isinstance(element, syntax.Every):
            if link.immediately:
                problem = "`immediately` and `every` contradict each other"
                self._refuse_every(link.span, problem, "leave out one of them")
            contiguity = "every"
            built = self._build(element.element, place, name)
            if not isinstance(built, Step):
                problem = "`every` stands before one event or a loop of one event"
                self._refuse_every(element.span, problem)
        else:
            built = self._build(element, place, name)
        if isinstance(built, Absence) and (link.immediately or link.bounds):
            message = "`immediately` and bounds stand before an event that comes"
            hint = "write `no … for 30 seconds` for the time that it stays away"
            self.report.error("CEP419", message, link.span, hint)
        minimum, maximum = self._bounds(link)
        return Link(built, contiguity, minimum, maximum, span=link.span)  # type: ignore[arg-type]

    def _bounds(self, link: syntax.Link) -> tuple[int | None, int | None]:
        minimum: int | None = None
        maximum: int | None = None
        for bound in link.bounds:
            if bound.minimum is not None:
                least = duration_us(self.report, self._duration(bound.minimum), "`after`", least_us=0)
                minimum = least if minimum is None else max(minimum, least or 0)
            if bound.maximum is not None:
                most = duration_us(self.report, self._duration(bound.maximum), "`within`")
                maximum = most if maximum is None else min(maximum, most or maximum)
        if minimum is not None and maximum is not None and minimum > maximum:
            message = "this step may come only after its time is up"
            hint = "write the shorter time first: `between 1 minute and 5 minutes`"
            self.report.error("CEP419", message, link.span, hint)
        return minimum, maximum

    def _duration(self, node: syntax.Duration) -> Expression:
        return self.expressions.check(node, Scope("constant", "a duration"))

    # ---- conditions ----

    def _with_conditions(self, pending: _Pending) -> Step:
        step = pending.step
        info = self._steps[step.name]
        scope = Scope(
            "condition",
            f"the condition of `{step.label}`",
            steps=self._steps,
            bound=pending.bound,
            own=step.name,
            own_loops=info.loops,
            aggregates="steps",
            edges=bool(pending.bound),
            previous=True,
        )
        alternatives: list[Alternative] = []
        for event in pending.events:
            if isinstance(event, syntax.EventPhrase):
                alternatives.extend(self.phrases.alternatives(event, scope))
            else:
                alternatives.append(self._any(event, scope))
        return replace(step, alternatives=tuple(alternatives))

    def _any(self, event: syntax.AnyEvent, scope: Scope) -> Alternative:
        condition = None
        if event.condition is not None:
            inside = replace(scope, candidate=(None,))
            condition = self.expressions.condition(event.condition, inside, "the condition of `any(…)`")
            warn_of_condition(self.phrases.context, [(event.condition, condition)], inside)
        return Alternative(None, condition, span=event.span)


def substituted(node: PatternNode, steps: dict[str, Step]) -> PatternNode:
    """The pattern with its steps replaced by those of the same names."""
    return _mapped(node, lambda step: steps[step.name])


def _mapped(node: PatternNode, change: Callable[[Step], Step]) -> PatternNode:
    match node:
        case Step():
            return change(node)
        case Loop() | Consecutive() | Bounded() | Absence():
            return replace(node, element=_mapped(node.element, change))
        case Expectation():
            return replace(node, element=change(node.element))
        case Until():
            return replace(node, element=_mapped(node.element, change), stop=_mapped(node.stop, change))
        case Choice() | SomeOf():
            return replace(node, members=tuple(_mapped(member, change) for member in node.members))
        case Sequence():
            links = tuple(replace(link, element=_mapped(link.element, change)) for link in node.links)
            return replace(node, first=_mapped(node.first, change), links=links)


def _below(node: PatternNode) -> Iterator[PatternNode]:
    yield node
    match node:
        case Loop() | Consecutive() | Bounded() | Absence() | Expectation():
            yield from _below(node.element)
        case Until():
            yield from (*_below(node.element), *_below(node.stop))
        case Choice() | SomeOf():
            for member in node.members:
                yield from _below(member)
        case Sequence():
            yield from _below(node.first)
            for link in node.links:
                yield from _below(link.element)


def steps_of(node: PatternNode) -> Iterator[Step]:
    """All steps of a pattern in the order written, those that bind nothing included."""
    return (part for part in _below(node) if isinstance(part, Step))


def visible_names(steps: dict[str, StepInfo]) -> list[str]:
    """The names of the steps that bind events."""
    return [step.name for step in steps.values() if step.absent is None]
