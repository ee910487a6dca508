"""Compiling: expressions of a plan to Python functions. Plan layer.

:class:`Functions` is what the runtime is given; the tests give it a naive interpreter with the same methods
(:class:`ExpressionCompiler`), and the same operators run under both.
"""

from __future__ import annotations

import ast
import builtins
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

from cep.diagnostics import Span
from cep.event import Event
from cep.language.checked import CheckedKey, Expression
from cep.plan.generate.expressions import Generator, base_namespace
from cep.plan.generate.inlined import Inlined, Unplaced
from cep.plan.generate.nodes import assign, attribute, call, class_of, function, if_else, inherit_places, is_, name
from cep.plan.generate.panes import PaneBuilder
from cep.plan.generate.readers import ReaderBuilder
from cep.plan.generate.scope import PARAMETERS, Scope
from cep.plan.generate.sliding import NAMES as SLIDING
from cep.plan.generate.sliding import SlidingBuilder
from cep.plan.generate.support import canonical_key
from cep.plan.generate.typed import ScanBuilder
from cep.plan.intake import EventClock, derived_id, is_address, own_id
from cep.plan.kept import KeptWindow
from cep.plan.plan import LookupPlan, Plan, TypePlan
from cep.projection import Projection
from cep.timestamps import EPOCH, time_us_of

_BUILTINS = (
    "str", "int", "float", "bool", "list", "dict", "len", "enumerate", "sorted", "KeyError", "TypeError", "Exception",
)  # fmt: skip

Reader = Callable[[Event], int]
Condition = Callable[[Any, Any, Any, Any], bool]
Values = Callable[[Any, Any, Any, Any], tuple[Any, ...]]
KeyFunction = Callable[[Event], Any]
Scan = Callable[..., datetime]


class ExpressionCompiler(Protocol):
    """What the runtime needs to turn expressions into functions."""

    def reader(self, plan: TypePlan) -> Reader:
        """Takes a record of a source in and gives its mask."""

    def masker(self, plan: TypePlan) -> Reader:
        """The mask of an event that a rule emitted."""

    def time_reader(self) -> Reader:
        """Sets the event time of a record that no rule reads."""

    def conditions(self, plan: TypePlan) -> list[Reader]:
        """Each condition of a type by itself: 1 where it is true, else 0."""

    def condition(self, parts: Sequence[Expression], scope: Scope) -> Condition:
        """Whether all parts are true."""

    def values(self, parts: Sequence[Expression], scope: Scope) -> Values:
        """The values of the parts."""

    def key(self, keys: Sequence[CheckedKey], event_type: str) -> KeyFunction:
        """The key of an event; null where it takes no part."""


class Functions:
    """Generated functions. :attr:`sources` tells what was generated, by name, for ``cep explain``."""

    def __init__(self, projection: Projection, clock: EventClock) -> None:
        self._projection = projection
        self._namespace = base_namespace()
        self._namespace |= {
            "clock": clock,
            "minutes": clock.minutes,
            "rests": clock.rests,
            "derived_id": derived_id,
            "own_id": own_id,
            "canonical_key": canonical_key,
            "EPOCH": EPOCH,
            "time_us_of": time_us_of,
            "is_address": is_address,
            "Unplaced": Unplaced,
            **SLIDING,
        }
        self._namespace |= {text: getattr(builtins, text) for text in _BUILTINS}
        self._generator = Generator(projection, self._namespace)
        self._readers = ReaderBuilder(self._generator, projection, clock)
        self._scans = ScanBuilder(self._generator, projection, self._masks)
        self._modules: dict[str, ast.Module] = {}

    @property
    def sources(self) -> dict[str, str]:
        """The Python text of what was generated so far, by name. Written when it is asked for: that costs the most."""
        return {name: ast.unparse(module) for name, module in self._modules.items()}

    def reader(self, plan: TypePlan) -> Reader:
        """See :class:`ExpressionCompiler`."""
        text = self._title("read", plan.name)
        reader: Reader = self._compile(self._readers.reader(plan, text), _first_span(plan.conditions))
        return reader

    def intake(self, plan: TypePlan) -> Reader:
        """A reader without conditions: it returns 0 and always sets the id."""
        text = self._title("take_in", plan.name)
        reader: Reader = self._compile(self._readers.reader(plan, text, with_conditions=False), None)
        return reader

    def masker(self, plan: TypePlan) -> Reader:
        """See :class:`ExpressionCompiler`."""
        text = self._title("mask", plan.name)
        reader: Reader = self._compile(self._readers.masker(plan, text), _first_span(plan.conditions))
        return reader

    def time_reader(self) -> Reader:
        """See :class:`ExpressionCompiler`."""
        reader: Reader = self._compile(self._readers.time_only(self._title("time", "")), None)
        return reader

    def scan(
        self,
        plan: Plan,
        kinds: Mapping[type[Event], str],
        watches_time: bool,
        inlined: Mapping[str, Sequence[Inlined]],
    ) -> Scan:
        """The loop over batches of typed structs; see :class:`cep.plan.generate.typed.ScanBuilder`."""
        definition = self._scans.scan(plan, kinds, watches_time, inlined, self._title("scan", ""))
        scan: Scan = self._compile(definition, None)
        return scan

    def sliding(
        self, window: KeptWindow, event_type: str, lookup: LookupPlan | None = None
    ) -> Callable[..., Callable[[Event, int], Any]]:
        """The factory of the receivers of a window that slides; see :mod:`cep.plan.generate.sliding`.

        With ``lookup`` they are given the events before that, else joined events where the rule looks up.
        """
        builder = SlidingBuilder(self._generator, window, self._projection.attributes, lookup)
        return self._receivers(builder, event_type, self._title("slide", event_type))

    def fresh(
        self, window: KeptWindow, state: type, makers: Mapping[str, tuple[str, Callable[[], Any]]]
    ) -> Callable[[Any], Any]:
        """Makes the state of a key; ``makers`` give what its further fields hold, by field, each with its name."""
        builder = SlidingBuilder(self._generator, window, self._projection.attributes)
        fields = [(field, maker) for field, (maker, _) in makers.items()]
        factory = self._compile(builder.fresh(self._title("fresh", ""), fields), _first_span(builder.keys))
        by_name = dict(makers.values())
        made: Callable[[Any], Any] = factory(state, *[by_name[name] for name in sorted(by_name)])
        return made

    def panes(self, window: KeptWindow, event_type: str) -> Callable[..., Callable[[Event, int], Any]]:
        """The same of a hopping window that is kept in panes; see :mod:`cep.plan.generate.panes`."""
        builder = PaneBuilder(self._generator, window, self._projection.attributes)
        return self._receivers(builder, event_type, self._title("pane", event_type))

    def closing(self, window: KeptWindow) -> Callable[..., bool]:
        """Whether such a window may hold when it closes; see :meth:`cep.plan.generate.panes.PaneBuilder.closing`."""
        builder = PaneBuilder(self._generator, window, self._projection.attributes)
        holds: Callable[..., bool] = self._compile(
            builder.closing(self._title("closing", "")), _first_span(builder.keys)
        )
        return holds

    def _receivers(self, builder: SlidingBuilder, event_type: str, text: str) -> Callable[..., Any]:
        factory: Callable[..., Any] = self._compile(builder.factory(event_type, text), _first_span(builder.keys))
        return factory

    def _masks(self, body: list[ast.stmt]) -> Reader:
        """A part of the loop that is a function of the event."""
        reader: Reader = self._compile(function(self._title("bits", ""), ["e"], body), None)
        return reader

    def conditions(self, plan: TypePlan) -> list[Reader]:
        """See :class:`ExpressionCompiler`."""
        found: list[Reader] = []
        for condition in plan.conditions:
            truth: ast.expr = ast.Constant(1)
            if condition is not None:
                truth = if_else(self._generator.truth(condition, Scope()), ast.Constant(1), ast.Constant(0))
            definition = function(self._title("test", plan.name), ["e"], [ast.Return(truth)])
            found.append(self._compile(definition, _first_span([condition])))
        return found

    def condition(self, parts: Sequence[Expression], scope: Scope) -> Condition:
        """See :class:`ExpressionCompiler`."""
        tests = [self._generator.truth(part, scope) for part in parts]
        whole = tests[0] if len(tests) == 1 else ast.BoolOp(ast.And(), tests)
        definition = function(self._title("holds", ""), PARAMETERS, [ast.Return(whole)])
        holds: Condition = self._compile(definition, _first_span(parts))
        return holds

    def values(self, parts: Sequence[Expression], scope: Scope) -> Values:
        """See :class:`ExpressionCompiler`."""
        items: list[ast.expr] = [self._generator.value(part, scope) for part in parts]
        definition = function(self._title("values", ""), PARAMETERS, [ast.Return(ast.Tuple(items, ast.Load()))])
        values: Values = self._compile(definition, _first_span(parts))
        return values

    def key(self, keys: Sequence[CheckedKey], event_type: str) -> KeyFunction:
        """See :class:`ExpressionCompiler`. One required key is its bare value, several are a tuple, none is ()."""
        body: list[ast.stmt] = []
        for number, key in enumerate(keys):
            variable = f"k{number}"
            body.append(assign(variable, self._key_value(key, event_type)))
            not_text = ast.Compare(class_of(name(variable)), [ast.IsNot()], [name("str")])
            canonical: list[ast.stmt] = [assign(variable, call("canonical_key", name(variable)))]
            if not key.optional:
                missing = is_(name(variable), ast.Constant(None))
                canonical = [ast.If(missing, [ast.Return(ast.Constant(None))], []), *canonical]
            else:
                present = ast.Compare(name(variable), [ast.IsNot()], [ast.Constant(None)])
                canonical = [ast.If(present, canonical, [])]
            body.append(ast.If(not_text, canonical, []))
        variables: list[ast.expr] = [name(f"k{number}") for number in range(len(keys))]
        bare = len(keys) == 1 and not keys[0].optional
        body.append(ast.Return(variables[0] if bare else ast.Tuple(variables, ast.Load())))
        key_of: KeyFunction = self._compile(function(self._title("key", event_type), ["e"], body), _first_span(keys))
        return key_of

    def _key_value(self, key: CheckedKey, event_type: str) -> ast.expr:
        path = key.by_type.get(event_type, key.path)
        raw = attribute(name("e"), self._projection.attributes[str(path[0])])
        variable = self._generator.temporary()
        unset = is_(ast.NamedExpr(ast.Name(variable, ast.Store()), raw), name("UNSET"))
        value: ast.expr = if_else(unset, ast.Constant(None), name(variable))
        for part in path[1:]:
            value = call("member", value, ast.Constant(part))
        return value

    def _title(self, what: str, event_type: str) -> str:
        safe = "".join(c if c.isascii() and c.isalnum() else "_" for c in event_type)
        return f"{what}_{safe}_{len(self._modules)}" if safe else f"{what}_{len(self._modules)}"

    def _compile(self, definition: ast.FunctionDef, span: Span | None) -> Any:
        module = ast.Module([definition], [])
        inherit_places(module)
        self._modules[definition.name] = module
        code = compile(module, span.file if span is not None and span.file else "<rules>", "exec")
        exec(code, self._namespace)  # noqa: S102 - built from nodes of the checked rules, never from text
        return self._namespace.pop(definition.name)


def _first_span(parts: Sequence[Any]) -> Span | None:
    for part in parts:
        if part is not None and part.span.line > 0:
            span: Span = part.span
            return span
    return None
