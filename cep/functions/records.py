"""Functions and aggregates as self-documenting records. Core layer.

A record is all that is known of a function: the checker reads its parameters and result, the code generator its
implementation, the reference page its doc and examples, and the tests run the examples.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from cep.errors import CepError
from cep.types import ANY, DECIMAL, DURATION, FLOAT, INT, IP, STRING, TIMESTAMP, Type


class EvaluationError(CepError):
    """An expression that fails on the data at hand: a division by zero, an overflow, a text too long.

    The event becomes a dead letter (S15) with ``reason``, a clause without a full stop.
    """

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


class Required:
    """The default of a parameter that has none."""

    def __repr__(self) -> str:
        return "REQUIRED"


REQUIRED = Required()

NUMBER = (INT, FLOAT, DECIMAL)
TEXT = (STRING, IP)
MOMENT = (TIMESTAMP, STRING)
"""A time: a timestamp, or ISO 8601 text with an offset."""
QUANTITY = (*NUMBER, DURATION)

Returns = Type | Callable[[Sequence[Type]], Type]


@dataclass(frozen=True, slots=True)
class ParameterRecord:
    """One parameter.

    ``types`` are those it takes. ``kind`` is ``event`` for a whole event, ``lambda`` for ``x -> …``, where x is an
    element of the first argument. A parameter that ``repeats`` is the last one and takes any number of arguments, at
    least one unless it has a default. ``takes_null``: a null there has a meaning of its own. A parameter whose default
    is null takes null. ``check`` looks at a value known when the rules are loaded and says what is wrong with it, or
    null.
    """

    name: str
    types: tuple[Type, ...]
    doc: str
    default: object = REQUIRED
    kind: Literal["value", "event", "lambda"] = "value"
    repeats: bool = False
    takes_null: bool = False
    constant: bool = False
    check: Callable[[object], str | None] | None = field(default=None, compare=False)

    @property
    def required(self) -> bool:
        """Whether a call must give it."""
        return self.default is REQUIRED

    @property
    def sees_null(self) -> bool:
        """Whether a null argument leaves the result what it is."""
        return self.takes_null or self.default is None

    def accepts(self, given: Type) -> bool:
        """Whether a value of type ``given`` may stand here. ``any`` and null may always; an int may for a float."""
        if given.name in ("any", "null"):
            return True
        return any(_fits(given, wanted) for wanted in self.types)

    def __str__(self) -> str:
        types = " | ".join(map(str, self.types))
        default = "" if self.required else f" = {_shown(self.default)}"
        return f"{self.name}: {types}{'…' if self.repeats else ''}{default}"


@dataclass(frozen=True, slots=True)
class Example:
    """``text`` is an expression of the rule language; ``arguments`` are what the implementation is called with."""

    text: str
    arguments: tuple[Any, ...]
    expected: Any


@dataclass(frozen=True, slots=True)
class FunctionRecord:
    """A function of the rule language.

    ``implementation`` takes run-time values: timestamps and durations as ints of microseconds, lists as list or tuple,
    lambdas as Python callables. It never raises on a wrong type: it returns null, which means unknown. So it does,
    without help, for a null argument, unless the parameter ``sees_null``. What fails although the types are right
    raises :class:`EvaluationError`.

    ``takes_events``: each event argument is passed as the values of ``event_fields`` followed by its time
    (``speed_kmh``: lat1, lon1, time1_us, lat2, lon2, time2_us; ``time``: time_us); all are null for a null event.
    ``takes_event_time``: the time of the event at hand is passed first. ``compile_rest``: where all arguments after the
    first are known when the rules are loaded, it makes a function of the first from them. ``prepare``: arguments whose
    type, by name, is known to be one of these go through a function first; :meth:`implementation_for` does it.
    """

    name: str
    family: str
    parameters: tuple[ParameterRecord, ...]
    returns: Returns
    doc: str
    examples: tuple[Example, ...]
    implementation: Callable[..., Any] = field(compare=False)
    takes_events: bool = False
    event_fields: tuple[str, ...] = ()
    takes_event_time: bool = False
    prepare: Mapping[str, Callable[[Any], Any]] = field(default_factory=dict, compare=False)
    compile_rest: Callable[..., Callable[[Any], Any]] | None = field(default=None, compare=False)

    @property
    def null(self) -> Literal["propagate", "sees"]:
        """``propagate``: any null argument gives null. ``sees``: some parameter ``sees_null``."""
        return "sees" if any(parameter.sees_null for parameter in self.parameters) else "propagate"

    @property
    def signature(self) -> str:
        """As the reference shows it: ``substring(text: string | ip, start: int, end: int = null)``."""
        return f"{self.name}({', '.join(map(str, self.parameters))})"

    def parameter(self, index: int) -> ParameterRecord | None:
        """The one for the argument at ``index`` (from 0); null when there are too many arguments."""
        return _parameter(self.parameters, index)

    def result(self, argument_types: Sequence[Type]) -> Type:
        """The type of the result. For a lambda give the type of its body.

        Optional where an argument that must not be null may be, ``any`` included.
        """
        base = self.returns if isinstance(self.returns, Type) else self.returns(argument_types)
        if any(_may_be_null(self.parameter(index), given) for index, given in enumerate(argument_types)):
            return base.or_null()
        return base

    def implementation_for(self, argument_types: Sequence[Type]) -> Callable[..., Any]:
        """The implementation for arguments of these types: differs where timestamps are shown as text."""
        steps = [self.prepare.get(given.name) for given in argument_types]
        return _prepared(self.implementation, steps) if any(steps) else self.implementation


@dataclass(frozen=True, slots=True)
class AggregateExample:
    """``text`` over events that hold ``columns`` (one list of values per argument that ranges over events).

    ``parameters`` are the constant arguments after them; ``expected`` is the result.
    """

    text: str
    columns: tuple[Sequence[Any], ...]
    expected: Any
    parameters: tuple[Any, ...] = ()


@dataclass(frozen=True, slots=True)
class AggregateRecord:
    """An aggregate: one value from the events of a window or a match.

    ``parameters[0]``, where there is one, ranges over the events; so does every further parameter that is not
    ``constant``. Nulls, and values of a type the aggregate cannot use (text in a sum, a bool, an infinity), are
    skipped. ``over_values(columns…, constants…)`` is the definition, over the values of the events in their order:
    ``sum: over_values([1, null, 2]) -> 3``. ``times``: the event times, ints of microseconds, come as a last column.
    ``empty`` is the result when nothing is left after skipping.

    What an aggregate takes from one event is a *row*: the value itself, or where there are several columns a list with
    one value for each. See :meth:`over_rows`.
    """

    name: str
    parameters: tuple[ParameterRecord, ...]
    returns: Returns
    doc: str
    examples: tuple[AggregateExample, ...]
    over_values: Callable[..., Any] | None = field(default=None, compare=False)
    empty: Any = None
    times: bool = False

    @property
    def signature(self) -> str:
        """As the reference shows it: ``percentile(x: int | float | decimal | duration, p: int | float)``."""
        return f"{self.name}({', '.join(map(str, self.parameters))})"

    def parameter(self, index: int) -> ParameterRecord | None:
        """The one for the argument at ``index`` (from 0); null when there are too many arguments."""
        return _parameter(self.parameters, index)

    @property
    def columns(self) -> int:
        """How many values it takes from an event."""
        ranging = [p for p in self.parameters if not p.constant and p.name not in ("condition", "rank")]
        return len(ranging) + self.times

    def over_rows(self, rows: Sequence[Any], constants: Sequence[Any] = ()) -> Any:
        """The aggregate of what it took from each event. Of two columns and more, rows with a null are left out."""
        assert self.over_values is not None
        if self.columns < 2:
            return self.over_values([row for row in rows if row is not None], *constants)
        whole = [row for row in rows if row is not None and None not in row]
        columns = zip(*whole, strict=True) if whole else [()] * self.columns
        return self.over_values(*map(list, columns), *constants)

    def result(self, argument_types: Sequence[Type]) -> Type:
        """The type of the result. Optional unless the aggregate of nothing has a value (``count``, ``sum``, lists)."""
        base = self.returns if isinstance(self.returns, Type) else self.returns(argument_types)
        return base.or_null() if self.empty is None else base


def first_type(types: Sequence[Type]) -> Type:
    """The type of the first argument, not optional; ``any`` without one."""
    return types[0].not_null() if types else ANY


def common_number(types: Sequence[Type]) -> Type:
    """The type of arithmetic over these: float wins over decimal, decimal over int; ``any`` when it is not known."""
    names = {given.name for given in types if given.name != "null"}
    for kind in (FLOAT, DECIMAL, INT, DURATION):
        if kind.name in names and names <= {"int", "float", "decimal", kind.name}:
            return kind
    return ANY


def _fits(given: Type, wanted: Type) -> bool:
    if wanted.name == "any":
        return given.name not in ("event", "regex")
    if given.name == wanted.name:
        return given.item is None or wanted.item is None or _fits_item(given.item, wanted.item)
    return (given.name, wanted.name) in {
        ("int", "float"), ("int", "decimal"), ("ip", "string"), ("string", "ip"),
    }  # fmt: skip


def _fits_item(given: Type, wanted: Type) -> bool:
    return given.name in ("any", "null") or _fits(given, wanted)


def _parameter(parameters: Sequence[ParameterRecord], index: int) -> ParameterRecord | None:
    if index < len(parameters):
        return parameters[index]
    return parameters[-1] if parameters and parameters[-1].repeats else None


def _may_be_null(parameter: ParameterRecord | None, given: Type) -> bool:
    if parameter is None or parameter.kind == "lambda":
        return False
    if given.name == "any":
        return not (parameter.sees_null and parameter.types == (ANY,))
    return (given.optional or given.name == "null") and not parameter.sees_null


def _prepared(implementation: Callable[..., Any], steps: Sequence[Callable[[Any], Any] | None]) -> Callable[..., Any]:
    def call(*arguments: Any) -> Any:
        return implementation(
            *(
                value if step is None or value is None else step(value)
                for step, value in zip(steps, arguments, strict=True)
            )
        )

    return call


def _shown(value: object) -> str:
    if isinstance(value, str):
        return f'"{value}"'
    return "null" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
