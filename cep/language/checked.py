"""Checked rules: names resolved, types known, durations in microseconds. Language layer.

This is what the checker returns and what the planner (and the oracle in the tests) reads. Definitions are expanded in
place with their arguments, constants are folded to :class:`Constant`, plural and joined spellings are gone. Nothing
here is executable. Nodes compare by content; places and the types of sub-expressions travel along.

Event time, bounds and windows are integers of microseconds; ``None`` means that a clause was not written.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal as OneOf

from cep.diagnostics import NOWHERE, Span
from cep.language.syntax import RuleTest
from cep.types import ANY, BOOL, EVENT, Type


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """Anything checked. ``span`` is where it was written (in the rule, also when it came through a definition)."""

    span: Span = field(default=NOWHERE, compare=False, repr=False)


# ---- which event is meant ----


@dataclass(frozen=True, slots=True)
class Candidate(Checked):
    """The event at hand: the one that a step's condition tests, that an aggregate's argument ranges over, or, outside
    aggregates in a rule over windows, the event that is evaluated (for windows that close: the last one in it)."""


@dataclass(frozen=True, slots=True)
class StepEvent(Checked):
    """The event bound to a step. ``only`` for a step that takes one event; ``first`` and ``last`` for a loop.

    Null while the step is not bound.
    """

    step: str
    which: OneOf["only", "first", "last"] = "only"


@dataclass(frozen=True, slots=True)
class StepEventAt(Checked):
    """``a[i]``: counts from 0, negative from the end, outside is null."""

    step: str
    index: Expression


@dataclass(frozen=True, slots=True)
class PreviousEvent(Checked):
    """``prev``: in a pattern the event bound just before in this match, over windows the key's event before."""


@dataclass(frozen=True, slots=True)
class EdgeEvent(Checked):
    """``first`` or ``last`` without an argument: the first or last event of the match or of the window."""

    edge: OneOf["first", "last"]


@dataclass(frozen=True, slots=True)
class Role(Checked):
    """One of the events that are joined into ``base``. Made by the planner alone, of the references to inputs.

    ``name`` is how the rule calls it, empty for the only input; ``optional``: there may be none (`left join`).
    """

    base: Candidate | PreviousEvent | EdgeEvent | StepEventAt
    number: int
    name: str = ""
    optional: bool = False


EventReference = Candidate | StepEvent | StepEventAt | PreviousEvent | EdgeEvent | Role


# ---- expressions ----


@dataclass(frozen=True, slots=True)
class Constant(Checked):
    """A value known when the rules are loaded: str, int, float, bool, None, or a tuple of such (a list)."""

    value: str | int | float | bool | tuple[object, ...] | None
    type: Type = ANY


@dataclass(frozen=True, slots=True)
class Pattern(Checked):
    """A regular expression (RE2 syntax), the right side of ``matches``."""

    regex: str
    flags: str = ""
    type: Type = Type("regex")


@dataclass(frozen=True, slots=True)
class Field(Checked):
    """``event.name``; null where the field, or the event, is missing."""

    event: EventReference
    name: str
    type: Type = ANY


@dataclass(frozen=True, slots=True)
class StepValues(Checked):
    """``a.x`` for a looping step: the list of its values so far, nulls included."""

    step: str
    name: str
    type: Type = ANY


@dataclass(frozen=True, slots=True)
class KeyValue(Checked):
    """A key of the rule, by its name in ``per``."""

    name: str
    type: Type = ANY


@dataclass(frozen=True, slots=True)
class EventValue(Checked):
    """A whole event as an argument: ``time(e)``, ``speed_kmh(a, b)``."""

    event: EventReference
    type: Type = EVENT


@dataclass(frozen=True, slots=True)
class Local(Checked):
    """The parameter of the lambda around it."""

    name: str
    type: Type = ANY


@dataclass(frozen=True, slots=True)
class WindowBound(Checked):
    """``window.start`` and ``window.end``."""

    edge: OneOf["start", "end"]
    type: Type = Type("timestamp")


@dataclass(frozen=True, slots=True)
class TimeoutValue(Checked):
    """``matched_steps`` (a list of names), ``missing_step`` and ``deadline``, only in ``on timeout emit``."""

    name: str
    type: Type = ANY


@dataclass(frozen=True, slots=True)
class Member(Checked):
    """``target.name`` inside a nested value; null when the target is no map or has no such key."""

    target: Expression
    name: str
    type: Type = ANY


@dataclass(frozen=True, slots=True)
class Index(Checked):
    """``target[index]``: a list by position (from 0, negative from the end) or a map by key; null outside."""

    target: Expression
    index: Expression
    type: Type = ANY


@dataclass(frozen=True, slots=True)
class ListOf(Checked):
    """A list built at run time."""

    items: tuple[Expression, ...]
    type: Type = ANY


@dataclass(frozen=True, slots=True)
class Call(Checked):
    """A function of :mod:`cep.functions`. Named arguments have been put in their places, defaults filled in."""

    function: str
    arguments: tuple[Expression | Lambda, ...]
    type: Type = ANY


@dataclass(frozen=True, slots=True)
class Lambda(Checked):
    """``x -> body``."""

    parameter: str
    body: Expression


@dataclass(frozen=True, slots=True)
class Aggregate(Checked):
    """An aggregate over events. ``argument`` and ``where`` see each of them as :class:`Candidate`.

    ``step`` names the step whose events are meant (``sum(fails.x)``, ``count(fails)``), null for all events of the
    match or of the window. ``count()`` has no argument; ``count(cond)`` has ``where`` instead of an argument.
    ``parameters`` are the further, constant arguments (``percentile(x, 95)``) or expressions over the candidate
    (``arg_max(x, y)``). ``over`` is a window of its own.
    """

    function: str
    argument: Expression | None = None
    where: Expression | None = None
    step: str | None = None
    parameters: tuple[Expression, ...] = ()
    over: CheckedWindow | None = None
    type: Type = ANY


@dataclass(frozen=True, slots=True)
class Column(Checked):
    """A column of the row that a look-up found; null where it found none. Made by the planner, of fields."""

    role: Role
    name: str
    type: Type = ANY


@dataclass(frozen=True, slots=True)
class Bound(Checked):
    """True where a role has an event or a row, else null: what `count(b)` counts. Made by the planner."""

    role: Role
    type: Type = BOOL


@dataclass(frozen=True, slots=True)
class Unary(Checked):
    """``not`` or ``-``."""

    operator: OneOf["not", "-"]
    operand: Expression
    type: Type = ANY


@dataclass(frozen=True, slots=True)
class Binary(Checked):
    """The operators of :data:`cep.language.syntax.BinaryOperator`, with the same spelling."""

    operator: str
    left: Expression
    right: Expression
    type: Type = ANY


@dataclass(frozen=True, slots=True)
class Between(Checked):
    """Both ends included."""

    value: Expression
    low: Expression
    high: Expression
    negated: bool = False
    type: Type = BOOL


@dataclass(frozen=True, slots=True)
class IsNull(Checked):
    """``is null`` (missing counts as null) and ``is missing`` (the field was not there at all)."""

    value: Expression
    missing: bool = False
    negated: bool = False
    type: Type = BOOL


@dataclass(frozen=True, slots=True)
class Conditional(Checked):
    """An unknown condition takes the alternative."""

    condition: Expression
    consequence: Expression
    alternative: Expression
    type: Type = ANY


Expression = (
    Constant | Pattern | Field | StepValues | KeyValue | EventValue | Local | WindowBound | TimeoutValue | Member
    | Index | ListOf | Call | Aggregate | Column | Bound | Unary | Binary | Between | IsNull | Conditional
)  # fmt: skip


# ---- patterns ----


@dataclass(frozen=True, slots=True)
class Alternative(Checked):
    """One event type and its condition (null: none). ``type`` null means any source event."""

    type: str | None
    condition: Expression | None = None


@dataclass(frozen=True, slots=True)
class Step(Checked):
    """A role that takes one event: any alternative whose condition holds. Loops are :class:`Loop` around it.

    ``name`` is unique in the rule: what ``as`` gave, else the type or phrase in snake case. ``label`` is how evidence
    calls it: the name given by ``as``, else the phrase in the singular as declared (``failed login``) or the type.
    Definitions with conditions on top: the conditions are joined by ``and``.
    """

    name: str
    label: str
    alternatives: tuple[Alternative, ...]


@dataclass(frozen=True, slots=True)
class Loop(Checked):
    """``element`` ``minimum`` to ``maximum`` times (null: no bound)."""

    element: PatternNode
    minimum: int
    maximum: int | None
    greedy: bool = True
    mode: OneOf["relaxed", "consecutive", "every"] = "relaxed"


@dataclass(frozen=True, slots=True)
class Link(Checked):
    """How an element follows the one before."""

    element: PatternNode
    contiguity: OneOf["relaxed", "strict", "every"] = "relaxed"
    minimum_us: int | None = None
    maximum_us: int | None = None


@dataclass(frozen=True, slots=True)
class Sequence(Checked):
    """``first then …``."""

    first: PatternNode
    links: tuple[Link, ...]


@dataclass(frozen=True, slots=True)
class Consecutive(Checked):
    """``consecutive (…)``: strictly contiguous inside."""

    element: PatternNode


@dataclass(frozen=True, slots=True)
class Choice(Checked):
    """``A or B``."""

    members: tuple[PatternNode, ...]


@dataclass(frozen=True, slots=True)
class SomeOf(Checked):
    """``count`` distinct members in any order (``A and B``, ``all of``: as many as there are)."""

    count: int
    members: tuple[PatternNode, ...]


@dataclass(frozen=True, slots=True)
class Until(Checked):
    """``element until stop``; ``stop`` binds nothing."""

    element: PatternNode
    stop: PatternNode


@dataclass(frozen=True, slots=True)
class Bounded(Checked):
    """``(element within D)``."""

    element: PatternNode
    within_us: int


@dataclass(frozen=True, slots=True)
class Absence(Checked):
    """``no element`` (``duration_us`` null) or ``no element for D``. Its steps bind nothing."""

    element: PatternNode
    duration_us: int | None = None


@dataclass(frozen=True, slots=True)
class Expectation(Checked):
    """``expect element from table for D``."""

    element: Step
    table: str
    duration_us: int


PatternNode = Step | Loop | Sequence | Consecutive | Choice | SomeOf | Until | Bounded | Absence | Expectation


# ---- rules ----


@dataclass(frozen=True, slots=True)
class CheckedKey(Checked):
    """A key of ``per``. ``path`` is used for types that ``by_type`` does not list; a path is never empty."""

    name: str
    path: tuple[str | int, ...]
    by_type: Mapping[str, tuple[str | int, ...]] = field(default_factory=dict, hash=False)
    optional: bool = False
    type: Type = ANY


@dataclass(frozen=True, slots=True)
class Conjunct(Checked):
    """One conjunct of ``where``. ``steps`` are the names of the steps it reads; ``last`` is the one of them that comes
    last in the pattern (null when it reads none: then it is tested with the first step)."""

    expression: Expression
    steps: frozenset[str] = frozenset()
    last: str | None = None


@dataclass(frozen=True, slots=True)
class EmitField(Checked):
    """A field of the derived event, with the type of its value."""

    name: str
    value: Expression


@dataclass(frozen=True, slots=True)
class CheckedEmit(Checked):
    """What is emitted. ``star`` copies the fields of the last matched event first; ``fields`` then override or follow.

    A rule without an ``emit`` clause emits its own name in CamelCase with its keys as fields.
    """

    type: str
    fields: tuple[EmitField, ...] = ()
    star: bool = False


@dataclass(frozen=True, slots=True)
class CheckedAtMost(Checked):
    """``at most count every every_us``; ``keys`` null: those of the rule."""

    count: int
    every_us: int
    keys: tuple[CheckedKey, ...] | None = None


@dataclass(frozen=True, slots=True)
class CheckedAfterMatch(Checked):
    """``after match``."""

    strategy: OneOf["past_last", "to_next", "to_first", "to_last", "no_skip"] = "past_last"
    step: str | None = None


@dataclass(frozen=True, slots=True)
class CheckedWindow(Checked):
    """As :class:`cep.language.syntax.Window`, durations resolved; ``event`` is the one of ``since``."""

    kind: OneOf[
        "last_time", "last_count", "tumbling", "hopping", "tumbling_count", "session", "calendar", "all", "since"
    ]
    duration_us: int | None = None
    count: int | None = None
    step_us: int | None = None
    maximum_us: int | None = None
    unit: OneOf["hour", "day", "week", "month"] | None = None
    zone: str | None = None
    event: Step | None = None
    partial: bool = False


@dataclass(frozen=True, slots=True)
class CheckedJoin(Checked):
    """``[left] join``: ``on`` sees both inputs as steps."""

    input: Step
    on: Expression
    within_us: int
    left: bool = False


@dataclass(frozen=True, slots=True)
class CheckedLookup(Checked):
    """``lookup table on condition``; the row is read as a step named after the table."""

    table: str
    on: Expression


@dataclass(frozen=True, slots=True)
class CheckedFiring(Checked):
    """``rising`` (default), ``every_time``, ``every_count`` with ``count``, ``while_true`` with ``duration_us``."""

    kind: OneOf["rising", "every_time", "every_count", "while_true"] = "rising"
    count: int | None = None
    duration_us: int | None = None


@dataclass(frozen=True, slots=True)
class CheckedRule(Checked):
    """One rule. Over a pattern: ``pattern`` is set. Over windows: ``input`` is set, and ``window`` but for no `over`.

    ``reads`` are the event types it reads, in the order written (null among them: any source event).
    """

    name: str
    emit: CheckedEmit
    doc: str | None = None
    pattern: PatternNode | None = None
    where: tuple[Conjunct, ...] = ()
    within_us: int | None = None
    having: Expression | None = None
    after_match: CheckedAfterMatch | None = None
    on_timeout: CheckedEmit | None = None
    limit: int | None = None
    input: Step | None = None
    joins: tuple[CheckedJoin | CheckedLookup, ...] = ()
    window: CheckedWindow | None = None
    when: Expression | None = None
    firing: CheckedFiring = CheckedFiring()
    keys: tuple[CheckedKey, ...] = ()
    at_most: CheckedAtMost | None = None
    to: tuple[str, ...] = ()
    severity: str | None = None
    tags: tuple[str, ...] = ()
    meta: tuple[tuple[str, object], ...] = ()
    disabled: bool = False
    reads: tuple[str | None, ...] = ()
    name_span: Span = field(default=NOWHERE, compare=False, repr=False)
    clause_spans: Mapping[str, Span] = field(default_factory=dict, compare=False, repr=False, hash=False)


@dataclass(frozen=True, slots=True)
class SchemaField(Checked):
    """A declared field; ``domain`` are its allowed values (null: all)."""

    name: str
    type: Type
    domain: tuple[object, ...] | None = None


@dataclass(frozen=True, slots=True)
class Schema(Checked):
    """An ``event`` declaration."""

    name: str
    fields: Mapping[str, SchemaField] = field(hash=False)
    time_field: str | None = None
    id_field: str | None = None


@dataclass(frozen=True, slots=True)
class CheckedTable(Checked):
    """A reference table."""

    name: str
    path: str
    key: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RuleSet(Checked):
    """All rules of a folder, checked: the rules in file order, and what they stand on."""

    rules: tuple[CheckedRule, ...]
    schemas: Mapping[str, Schema] = field(default_factory=dict, hash=False)
    tables: Mapping[str, CheckedTable] = field(default_factory=dict, hash=False)
    constants: Mapping[str, Constant] = field(default_factory=dict, hash=False)
    tests: tuple[RuleTest, ...] = ()
