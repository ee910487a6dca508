"""The syntax tree: what was written, before names mean anything. Language layer.

Nodes are frozen and compare by content; places (``span``) do not take part, so that ``parse(print(x)) == x`` can be
held as a test. The DSL and the YAML form load to the same tree. Durations are integers of microseconds throughout.
Names are stored without backticks; the printer puts them back where needed.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal as OneOf

from cep.diagnostics import NOWHERE, Span


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """Anything that was written somewhere."""

    span: Span = field(default=NOWHERE, compare=False, repr=False)


# ---- expressions (section 5) ----


@dataclass(frozen=True, slots=True)
class Literal(Node):
    """A constant: text, int, float, bool or null. A float is never equal to an int here (see ``kind``)."""

    value: str | int | float | bool | None
    kind: OneOf["string", "int", "float", "bool", "null", "duration"]


@dataclass(frozen=True, slots=True)
class Regex(Node):
    """``/pattern/flags``; the pattern as written between the slashes, with ``\\/`` unescaped to ``/``."""

    pattern: str
    flags: str = ""


@dataclass(frozen=True, slots=True)
class ListOf(Node):
    """``[a, b]``."""

    items: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class MapOf(Node):
    """``{a: 1, "b c": 2}``: nested data, only as a value in the data of tests."""

    entries: tuple[tuple[str, Expression], ...]


@dataclass(frozen=True, slots=True)
class Name(Node):
    """A bare name: a key, a field, a step, a constant or ``first``/``last``/``prev``/``this``/``window``."""

    text: str


@dataclass(frozen=True, slots=True)
class Member(Node):
    """``target.name``."""

    target: Expression
    name: str


@dataclass(frozen=True, slots=True)
class Index(Node):
    """``target[index]``."""

    target: Expression
    index: Expression


@dataclass(frozen=True, slots=True)
class Lambda(Node):
    """``x -> body``, only as an argument."""

    parameter: str
    body: Expression


@dataclass(frozen=True, slots=True)
class Argument(Node):
    """One argument: ``value``, ``name = value``, ``value where filter``, ``value over window``."""

    value: Expression | Lambda
    name: str | None = None
    where: Expression | None = None
    over: Window | None = None


@dataclass(frozen=True, slots=True)
class Call(Node):
    """``function(arguments)``: a function or an aggregate."""

    function: str
    arguments: tuple[Argument, ...] = ()


@dataclass(frozen=True, slots=True)
class Unary(Node):
    """``not x`` or ``-x``. A minus before a number literal is folded into the literal by the parser."""

    operator: OneOf["not", "-"]
    operand: Expression


BinaryOperator = OneOf[
    "+", "-", "*", "/", "%", "**", "==", "!=", "<", "<=", ">", ">=", "and", "or", "??",
    "in", "not in", "like", "not like", "matches", "not matches", "crosses above", "crosses below",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Binary(Node):
    """``left operator right``. ``and``/``or``/arithmetic associate to the left, ``**`` to the right."""

    operator: BinaryOperator
    left: Expression
    right: Expression


@dataclass(frozen=True, slots=True)
class Between(Node):
    """``value [not] between low and high``, both ends included."""

    value: Expression
    low: Expression
    high: Expression
    negated: bool = False


@dataclass(frozen=True, slots=True)
class IsNull(Node):
    """``value is [not] null`` or ``value is [not] missing``."""

    value: Expression
    missing: bool = False
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Conditional(Node):
    """``if condition then consequence else alternative``."""

    condition: Expression
    consequence: Expression
    alternative: Expression


Expression = (
    Literal | Regex | ListOf | MapOf | Name | Member | Index | Call | Unary | Binary | Between | IsNull | Conditional
)


# ---- patterns (section 3) ----


@dataclass(frozen=True, slots=True)
class EventPhrase(Node):
    """``failed login``, ``Login(outcome == "failure")``, ``big payment(500)(currency == "EUR")``: the words as written
    and the parentheses that follow, at most two; which hold arguments is known when the phrase is resolved."""

    words: tuple[str, ...]
    groups: tuple[tuple[Argument, ...], ...] = ()

    @property
    def phrase(self) -> str:
        """The words joined by blanks."""
        return " ".join(self.words)


@dataclass(frozen=True, slots=True)
class AnyEvent(Node):
    """``any(condition)``; without a condition, any source event."""

    condition: Expression | None = None


@dataclass(frozen=True, slots=True)
class Group(Node):
    """``(pattern)`` or ``(pattern within 5 minutes)``. Bare parentheses around one element stay in the tree."""

    pattern: Pattern
    within: Duration | None = None


@dataclass(frozen=True, slots=True)
class Repeat(Node):
    """A quantified element. ``maximum`` null = no upper bound; ``{3}`` has both equal; ``optional A`` is 0 to 1.

    ``mode`` is ``consecutive`` (strictly contiguous inside), ``every`` (all combinations) or null (relaxed).
    """

    element: Pattern
    minimum: int
    maximum: int | None
    greedy: bool = True
    mode: OneOf["consecutive", "every"] | None = None


@dataclass(frozen=True, slots=True)
class Every(Node):
    """``every B`` after ``then``: each later B completes its own match. ``every A+`` is ``Repeat(mode="every")``."""

    element: Pattern


@dataclass(frozen=True, slots=True)
class Consecutive(Node):
    """``consecutive (A then B)``."""

    element: Pattern


@dataclass(frozen=True, slots=True)
class Until(Node):
    """``element until stop``."""

    element: Pattern
    stop: Pattern


@dataclass(frozen=True, slots=True)
class Named(Node):
    """``element as name``. Written ``A+ until B as x`` or ``A+ as x until B``: the name is always on the loop."""

    element: Pattern
    name: str


@dataclass(frozen=True, slots=True)
class Or(Node):
    """``A or B or C``."""

    members: tuple[Pattern, ...]


@dataclass(frozen=True, slots=True)
class And(Node):
    """``A and B`` or ``all of (A, B)``, both in any order (``spelled_all_of`` remembers which was written)."""

    members: tuple[Pattern, ...]
    spelled_all_of: bool = False


@dataclass(frozen=True, slots=True)
class SomeOf(Node):
    """``2 of (A, B, C)``."""

    count: int
    members: tuple[Pattern, ...]


@dataclass(frozen=True, slots=True)
class Absence(Node):
    """``no B`` or ``no B for 30 minutes``. A ``within`` behind it is the rule's clause, or the bound of its group."""

    element: Pattern
    duration: Duration | None = None


@dataclass(frozen=True, slots=True)
class Expectation(Node):
    """``expect Heartbeat from hosts for 60 seconds``."""

    element: Pattern
    table: str
    duration: Duration


@dataclass(frozen=True, slots=True)
class StepBound(Node):
    """``within D`` (maximum), ``after D`` (minimum), ``between A and B`` (both) on one step."""

    minimum: Duration | None = None
    maximum: Duration | None = None


@dataclass(frozen=True, slots=True)
class Link(Node):
    """What follows a ``then``."""

    element: Pattern
    immediately: bool = False
    bounds: tuple[StepBound, ...] = ()


@dataclass(frozen=True, slots=True)
class Sequence(Node):
    """``first then second then …``; ``links`` is never empty (one element alone is no sequence)."""

    first: Pattern
    links: tuple[Link, ...]


Pattern = (
    EventPhrase | AnyEvent | Group | Repeat | Every | Consecutive | Until | Named | Or | And | SomeOf | Absence
    | Expectation | Sequence
)  # fmt: skip

Duration = Expression
"""A ``Literal`` of kind duration, the ``Name`` of a constant, or any expression that stood in parentheses."""


# ---- windows (section 4) ----


@dataclass(frozen=True, slots=True)
class Window(Node):
    """``over …``. The fields that a kind uses are set, the others null: ``last_time`` and ``tumbling`` use
    ``duration``; ``last_count`` ``count`` and perhaps ``duration``; ``hopping`` ``duration`` (length) and ``step``;
    ``tumbling_count`` ``count``; ``session`` ``duration`` (gap) and perhaps ``maximum``; ``calendar`` ``unit`` and
    perhaps ``zone``; ``since`` ``event``."""

    kind: OneOf[
        "last_time", "last_count", "tumbling", "hopping", "tumbling_count", "session", "calendar", "all", "since"
    ]
    duration: Duration | None = None
    count: int | None = None
    step: Duration | None = None
    maximum: Duration | None = None
    unit: OneOf["hour", "day", "week", "month"] | None = None
    zone: str | None = None
    event: EventPhrase | None = None
    partial: bool = False


@dataclass(frozen=True, slots=True)
class Source(Node):
    """``A or B as name``: the event types that an input reads."""

    events: tuple[EventPhrase, ...]
    name: str | None = None


@dataclass(frozen=True, slots=True)
class Join(Node):
    """``[left] join source on condition within duration``."""

    source: Source
    on: Expression
    within: Duration
    left: bool = False


@dataclass(frozen=True, slots=True)
class Lookup(Node):
    """``lookup table on condition``."""

    table: str
    on: Expression


@dataclass(frozen=True, slots=True)
class Input(Node):
    """What ``from`` reads."""

    source: Source
    joins: tuple[Join | Lookup, ...] = ()


@dataclass(frozen=True, slots=True)
class Firing(Node):
    """``every time`` | ``every 3`` (count) | ``while true every 10 minutes`` (duration)."""

    kind: OneOf["every_time", "every_count", "while_true"]
    count: int | None = None
    duration: Duration | None = None


# ---- clauses and declarations (sections 2 to 4) ----


@dataclass(frozen=True, slots=True)
class Path(Node):
    """``a.b["k"][0]``: a field and what lies inside it."""

    parts: tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Key(Node):
    """``user``, ``ip = source.ip``, or ``card = (Payment.card_no, …)`` with ``by_type``; ``optional``: ``user?``."""

    name: str
    paths: tuple[Path, ...]
    by_type: bool = False
    optional: bool = False


@dataclass(frozen=True, slots=True)
class EmitField(Node):
    """``name = value`` or ``value`` (name null)."""

    value: Expression
    name: str | None = None


@dataclass(frozen=True, slots=True)
class Emit(Node):
    """``emit Type(fields)``; ``star`` for ``emit Type(*)`` with or without further fields."""

    type: str
    fields: tuple[EmitField, ...] = ()
    star: bool = False


@dataclass(frozen=True, slots=True)
class AfterMatch(Node):
    """``after match …``; ``step`` names the step of ``to_first`` and ``to_last``."""

    strategy: OneOf["past_last", "to_next", "to_first", "to_last", "no_skip"]
    step: str | None = None


@dataclass(frozen=True, slots=True)
class AtMost(Node):
    """``at most N every D [per keys]``."""

    count: int
    every: Duration
    per: tuple[Key, ...] = ()


@dataclass(frozen=True, slots=True)
class Meta(Node):
    """``meta name = value``."""

    name: str
    value: Expression


@dataclass(frozen=True, slots=True)
class Rule(Node):
    """``rule NAME …``. A rule over a pattern has ``pattern``, a rule over windows has ``input``; never both.

    ``when``/``firing`` belong to window rules. Clauses that were not written are null or empty. ``name_span`` and
    ``clause_spans`` (by clause: ``when``, ``where``, ``emit``, …) are places for diagnostics.
    ``broken`` are the clauses (and ``name``) that were written and could not be read, or not all of it. Such a rule is
    checked as far as it was read, and nothing runs. ``from`` among them tells of a rule over windows."""

    name: str
    doc: str | None = None
    pattern: Pattern | None = None
    input: Input | None = None
    over: Window | None = None
    when: Expression | None = None
    firing: Firing | None = None
    where: Expression | None = None
    within: Duration | None = None
    per: tuple[Key, ...] = ()
    having: Expression | None = None
    after_match: AfterMatch | None = None
    emit: Emit | None = None
    on_timeout: Emit | None = None
    limit: int | None = None
    to: tuple[str, ...] = ()
    at_most: AtMost | None = None
    severity: str | None = None
    tags: tuple[str, ...] = ()
    meta: tuple[Meta, ...] = ()
    disabled: bool = False
    broken: frozenset[str] = frozenset()
    name_span: Span = field(default=NOWHERE, compare=False, repr=False)
    clause_spans: dict[str, Span] = field(default_factory=dict, compare=False, repr=False, hash=False)


@dataclass(frozen=True, slots=True)
class TypeExpr(Node):
    """``string``, ``list<int>``, ``map<string>``, each with ``?``; ``domain`` is the list after ``in``."""

    name: str
    arguments: tuple[TypeExpr, ...] = ()
    optional: bool = False
    domain: tuple[Expression, ...] = ()


@dataclass(frozen=True, slots=True)
class FieldDeclaration(Node):
    """``name: type`` in a schema."""

    name: str
    type: TypeExpr


@dataclass(frozen=True, slots=True)
class EventDeclaration(Node):
    """``event NAME { … } time FIELD id FIELD``."""

    name: str
    fields: tuple[FieldDeclaration, ...]
    time_field: str | None = None
    id_field: str | None = None


@dataclass(frozen=True, slots=True)
class Parameter(Node):
    """A parameter of a definition, perhaps with a default."""

    name: str
    default: Expression | None = None


@dataclass(frozen=True, slots=True)
class Definition(Node):
    """``define WORDS (parameters) as A or B``."""

    words: tuple[str, ...]
    events: tuple[EventPhrase, ...]
    parameters: tuple[Parameter, ...] = ()

    @property
    def phrase(self) -> str:
        """The words joined by blanks."""
        return " ".join(self.words)


@dataclass(frozen=True, slots=True)
class Constant(Node):
    """``let NAME = EXPR``."""

    name: str
    value: Expression


@dataclass(frozen=True, slots=True)
class Table(Node):
    """``table NAME from "PATH" key FIELD, …``."""

    name: str
    path: str
    key: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TimedEvent(Node):
    """A row of ``given`` or ``expect``: ``60s Login(user = "ann")``; ``times``/``every`` for ``3x every 10s``.

    ``at`` is microseconds from the test's zero, null where a repetition goes on from the row before.
    """

    type: str
    fields: tuple[EmitField, ...]
    at: int | None = None
    times: int = 1
    every: Duration | None = None


@dataclass(frozen=True, slots=True)
class TimePasses(Node):
    """``then at 10m`` in ``given``."""

    at: int


@dataclass(frozen=True, slots=True)
class Fixture(Node):
    """``"fixtures/logins.jsonl"`` in ``given``: the events of a file, with their own times."""

    path: str


GivenRow = TimedEvent | TimePasses | Fixture


@dataclass(frozen=True, slots=True)
class TableRows(Node):
    """``given table hosts`` with rows of named values."""

    table: str
    rows: tuple[tuple[EmitField, ...], ...]


@dataclass(frozen=True, slots=True)
class RuleTest(Node):
    """``test …``; an empty ``expect`` means ``expect nothing``, left ``open`` for ``cep test --update`` to fill in."""

    name: str
    rules: tuple[str, ...] = ()
    given: tuple[GivenRow, ...] = ()
    expect: tuple[TimedEvent, ...] = ()
    tables: tuple[TableRows, ...] = ()
    zero: str | None = None
    open: bool = False


Declaration = EventDeclaration | Definition | Constant | Table | Rule | RuleTest


@dataclass(frozen=True, slots=True)
class RuleFile(Node):
    """One file, its declarations in the order written."""

    declarations: tuple[Declaration, ...]
