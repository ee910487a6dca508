"""Checked expressions as the rule language writes them. Plan layer.

For people: definitions are expanded and constants folded, so the text need not be the one that the author wrote.
"""

from __future__ import annotations

from cep.durations import duration_text
from cep.language.checked import (
    Aggregate,
    Between,
    Binary,
    Bound,
    Call,
    Candidate,
    CheckedWindow,
    Column,
    Conditional,
    Constant,
    EdgeEvent,
    EventReference,
    EventValue,
    Expression,
    Field,
    Index,
    IsNull,
    KeyValue,
    Lambda,
    ListOf,
    Local,
    Member,
    Pattern,
    PreviousEvent,
    Role,
    StepEvent,
    StepEventAt,
    StepValues,
    TimeoutValue,
    Unary,
    WindowBound,
)
from cep.language.printer import print_string
from cep.language.words import quoted
from cep.timestamps import format_time
from cep.types import Type

# How tightly a kind of expression binds, loosest first; an operand of a looser kind gets parentheses.
_LOOSEST, _OR, _AND, _NOT, _COMPARISON, _COALESCE, _SUM, _PRODUCT, _SIGNED, _POWER, _ATOM = range(11)
_BINDING = {
    "or": _OR, "and": _AND, "??": _COALESCE, "+": _SUM, "-": _SUM,
    "*": _PRODUCT, "/": _PRODUCT, "%": _PRODUCT, "**": _POWER,
}  # fmt: skip
_ITSELF = Role(Candidate(), 0)
"""The event itself where rows were looked up for it."""
_ASSOCIATIVE = frozenset({"or", "and", "??", "+", "*"})
_NOT_GIVEN = Constant(None, Type("null"))
"""What stands for an argument that was left out."""


def expression_text(expression: Expression, candidate: str = "") -> str:
    """The text of an expression; fields of the candidate event stand after ``candidate``, bare where that is empty."""
    return _Writer(candidate).write(expression)


def aggregate_text(aggregate: Aggregate) -> str:
    """``sum(amount where currency == "EUR")``, ``count(fails)``, ``distinct(fails.ip)``."""
    step = "" if aggregate.step is None else quoted(aggregate.step)
    inside = [] if aggregate.argument is None else [expression_text(aggregate.argument, step)]
    given = [parameter for parameter in aggregate.parameters if parameter != _NOT_GIVEN]
    inside += [expression_text(parameter, step) for parameter in given]
    text = ", ".join(inside) or step
    if aggregate.where is not None:
        condition = expression_text(aggregate.where, step)
        text = f"{text} where {condition}" if text else condition
    if aggregate.over is not None:
        text = f"{text} over {window_text(aggregate.over)}".lstrip()
    return f"{aggregate.function}({text})"


def window_text(window: CheckedWindow) -> str:
    """A window as the language writes it, behind ``over``."""
    length = "" if window.duration_us is None else duration_text(window.duration_us)
    match window.kind:
        case "last_time":
            return f"last {length}"
        case "last_count":
            within = f" within {length}" if length else ""
            return f"last {window.count} events{within}{' partial' * window.partial}"
        case "tumbling":
            return f"every {length}"
        case "hopping":
            return f"{length} every {duration_text(window.step_us or 0)}"
        case "tumbling_count":
            return f"every {window.count} events"
        case "session":
            most = "" if window.maximum_us is None else f" up to {duration_text(window.maximum_us)}"
            return f"session of {length}{most}"
        case "calendar":
            return f"each {window.unit}" + (f" in {print_string(window.zone)}" if window.zone else "")
        case "since":
            return f"since {window.event.label if window.event is not None else ''}"
    return "all"


def event_text(event: EventReference) -> str:
    """``ok``, ``first(fails)``, ``fails[0]``, ``prev``, ``first``; ``this`` for the candidate."""
    match event:
        case Candidate():
            return "this"
        case StepEvent(step=step, which="only"):
            return quoted(step)
        case StepEvent(step=step, which=which):
            return f"{which}({quoted(step)})"
        case StepEventAt(step=step, index=index):
            return f"{quoted(step)}[{expression_text(index)}]"
        case PreviousEvent():
            return "prev"
        case EdgeEvent(edge=edge):
            return edge
        case Role(base=base, name=name):
            return quoted(name) if name else event_text(base)


class _Writer:
    def __init__(self, candidate: str) -> None:
        self._candidate = candidate

    def write(self, node: Expression | Lambda, needed: int = _LOOSEST) -> str:
        text, binding = self._bound(node)
        return text if binding >= needed else f"({text})"

    def _bound(self, node: Expression | Lambda) -> tuple[str, int]:
        """The text, and how tightly it binds."""
        match node:
            case Binary():
                binding = _BINDING.get(node.operator, _COMPARISON)
                right = binding if node.operator in _ASSOCIATIVE else binding + 1
                return f"{self.write(node.left, binding)} {node.operator} {self.write(node.right, right)}", binding
            case Unary(operator="not"):
                return f"not {self.write(node.operand, _NOT)}", _NOT
            case Unary():
                return f"-{self.write(node.operand, _SIGNED)}", _SIGNED
            case Between():
                value, low, high = (self.write(part, _COALESCE) for part in (node.value, node.low, node.high))
                return f"{value} {'not ' * node.negated}between {low} and {high}", _COMPARISON
            case IsNull():
                state = "missing" if node.missing else "null"
                return f"{self.write(node.value, _COALESCE)} is {'not ' * node.negated}{state}", _COMPARISON
            case Conditional():
                parts = [self.write(part) for part in (node.condition, node.consequence, node.alternative)]
                return f"if {parts[0]} then {parts[1]} else {parts[2]}", _LOOSEST
            case Lambda():
                return f"{node.parameter} -> {self.write(node.body)}", _LOOSEST
            case _:
                return self._atom(node), _ATOM

    def _atom(self, node: Expression) -> str:
        match node:
            case Constant():
                return constant_text(node.value, node.type)
            case Pattern():
                return f"/{node.regex.replace('/', chr(92) + '/')}/{node.flags}"
            case Field():
                return self._field(node)
            case StepValues():
                return f"{quoted(node.step)}.{quoted(node.name)}"
            case KeyValue() | Local() | TimeoutValue():
                return quoted(node.name)
            case EventValue(event=Candidate() | Role(base=Candidate(), name="")):
                return self._candidate or "this"
            case EventValue():
                return event_text(node.event)
            case WindowBound():
                return f"window.{node.edge}"
            case Member():
                return f"{self.write(node.target, _ATOM)}.{quoted(node.name)}"
            case Index():
                return f"{self.write(node.target, _ATOM)}[{self.write(node.index)}]"
            case ListOf():
                return f"[{', '.join(map(self.write, node.items))}]"
            case Call():
                return f"{node.function}({', '.join(map(self.write, node.arguments))})"
            case Aggregate():
                return aggregate_text(node)
            case Column():
                return f"{event_text(node.role)}.{quoted(node.name)}"
            case Bound():
                return event_text(node.role)
        raise AssertionError(f"an expression without a text: {type(node).__name__}")

    def _field(self, node: Field) -> str:
        if isinstance(node.event, Candidate) or node.event == _ITSELF:
            return f"{self._candidate}.{quoted(node.name)}" if self._candidate else quoted(node.name)
        return f"{event_text(node.event)}.{quoted(node.name)}"


def constant_text(value: object, kind: Type) -> str:
    """A value as the language writes it."""
    if isinstance(value, tuple):
        item = kind.item or kind
        return f"[{', '.join(constant_text(each, item) for each in value)}]"
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return print_string(value)
    if isinstance(value, int) and kind.name == "duration":
        return duration_text(value)
    if isinstance(value, int) and kind.name == "timestamp":
        return f'timestamp("{format_time(value)}")'
    return f"{value:_}" if isinstance(value, int) and abs(value) >= 100_000 else repr(value)
