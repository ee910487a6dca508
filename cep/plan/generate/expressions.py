"""Checked expressions to Python ``ast`` nodes: three-valued logic without three-valued values. Plan layer.

A condition holds only when it is true (S6), so each is generated in one of three modes: :meth:`Generator.truth` is a
Python condition that holds when the expression is true, :meth:`Generator.falsity` when it is false (for ``not``), and
:meth:`Generator.value` is the value itself with ``None`` for null and unknown. Truth and falsity are dual over
``and``/``or``/``not``, so unknown never needs a value of its own on the fast path.

Kinds are told apart by exact class, since ``True == 1`` in Python but a bool is no number here.
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import Any, cast

import msgspec

from cep.language.checked import (
    Aggregate,
    Between,
    Binary,
    Bound,
    Call,
    Candidate,
    Column,
    Conditional,
    Constant,
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
    Role,
    StepEventAt,
    StepValues,
    TimeoutValue,
    Unary,
    WindowBound,
)
from cep.plan.generate.aggregates import ROUNDED, definition
from cep.plan.generate.nodes import (
    all_of,
    any_of,
    attribute,
    call,
    class_of,
    compare,
    if_else,
    is_,
    is_not,
    name,
    placed,
    walrus,
)
from cep.plan.generate.scope import Scope
from cep.plan.plan import AggregatePlan
from cep.projection import Projection
from cep.types import ANY

_ORDER: dict[str, tuple[type[ast.cmpop], type[ast.cmpop]]] = {
    "<": (ast.Lt, ast.GtE),
    "<=": (ast.LtE, ast.Gt),
    ">": (ast.Gt, ast.LtE),
    ">=": (ast.GtE, ast.Lt),
}
_COMPARERS = {"<": "less", "<=": "less_equal", ">": "greater", ">=": "greater_equal", "==": "equal"}
_ARITHMETIC = {"+": "add", "-": "subtract", "*": "multiply", "/": "divide", "%": "modulo", "**": "power"}
_CROSSES = {"crosses above": ">", "crosses below": "<"}
_NEGATED = {"!=": "==", "not in": "in", "not like": "like", "not matches": "matches"}
_CANDIDATE = Candidate()
_MIRRORED = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "=="}


class Generator:
    """Builds nodes for one module of generated functions.

    ``namespace`` collects the constants and helpers that the code refers to.
    """

    def __init__(self, projection: Projection, namespace: dict[str, Any]) -> None:
        self._projection = projection
        self._namespace = namespace
        self._temporaries = 0

    # ---- names ----

    def constant(self, value: object) -> ast.expr:
        """A value by reference; small plain ones stand in the code."""
        if value is None or isinstance(value, (bool, int, str)):
            return ast.Constant(value)
        text = f"c{len(self._namespace)}"
        self._namespace[text] = value
        return name(text)

    def temporary(self) -> str:
        """A new variable."""
        self._temporaries += 1
        return f"t{self._temporaries}"

    # ---- modes ----

    def truth(self, x: Expression, scope: Scope) -> ast.expr:
        """A Python condition that holds exactly when ``x`` is true."""
        return placed(self._truth(x, scope), x.span)

    def falsity(self, x: Expression, scope: Scope) -> ast.expr:
        """A Python condition that holds exactly when ``x`` is false (and not when it is unknown)."""
        return placed(self._falsity(x, scope), x.span)

    def value(self, x: Expression, scope: Scope) -> ast.expr:
        """The value; ``None`` for null and for unknown."""
        return placed(self._value(x, scope), x.span)

    def _truth(self, x: Expression, scope: Scope) -> ast.expr:
        if isinstance(x, Constant):
            return ast.Constant(x.value is True)
        if isinstance(x, Unary) and x.operator == "not":
            return self.falsity(x.operand, scope)
        if isinstance(x, Binary):
            if x.operator in ("and", "or"):
                join = all_of if x.operator == "and" else any_of
                return join([self.truth(x.left, scope), self.truth(x.right, scope)])
            if x.operator in _NEGATED:
                return self._test(_NEGATED[x.operator], x, scope, negated=True)
            if x.operator in _COMPARERS or x.operator in _NEGATED.values():
                return self._test(x.operator, x, scope, negated=False)
            if x.operator in _CROSSES:
                return self._crossing(x, scope, negated=False)
        if isinstance(x, Between):
            return self._between(x, scope, x.negated)
        if isinstance(x, IsNull):
            return self._is_null(x, scope)
        return is_(self.value(x, scope), ast.Constant(True))

    def _falsity(self, x: Expression, scope: Scope) -> ast.expr:
        if isinstance(x, Constant):
            return ast.Constant(x.value is False)
        if isinstance(x, Unary) and x.operator == "not":
            return self.truth(x.operand, scope)
        if isinstance(x, Binary):
            if x.operator in ("and", "or"):
                join = any_of if x.operator == "and" else all_of
                return join([self.falsity(x.left, scope), self.falsity(x.right, scope)])
            if x.operator in _NEGATED:
                return self._test(_NEGATED[x.operator], x, scope, negated=False)
            if x.operator in _COMPARERS or x.operator in _NEGATED.values():
                return self._test(x.operator, x, scope, negated=True)
            if x.operator in _CROSSES:
                return self._crossing(x, scope, negated=True)
        if isinstance(x, Between):
            return self._between(x, scope, not x.negated)
        if isinstance(x, IsNull):
            return ast.UnaryOp(ast.Not(), self._is_null(x, scope))
        return is_(self.value(x, scope), ast.Constant(False))

    # ---- comparisons ----

    def _test(self, operator: str, x: Binary, scope: Scope, negated: bool) -> ast.expr:
        """``left operator right`` is true, or with ``negated`` false."""
        if operator == "in":
            return self._membership(x, scope, negated)
        if operator in ("like", "matches"):
            return is_(self._matching(operator, x, scope), ast.Constant(not negated))
        left, right = x.left, x.right
        if isinstance(left, Constant) and not isinstance(right, Constant):
            left, right, operator = right, left, _MIRRORED[operator]
        if isinstance(right, Constant):
            kept = scope.compared(left, operator, right.value, negated) if isinstance(left, Aggregate) else None
            if kept is not None:
                return kept
            quick = self._against_constant(operator, left, right.value, scope, negated)
            if quick is not None:
                return quick
        comparison = call(_COMPARERS[operator], self.value(left, scope), self.value(right, scope))
        return is_(comparison, ast.Constant(not negated))

    def _against_constant(
        self, operator: str, left: Expression, constant: Any, scope: Scope, negated: bool
    ) -> ast.expr | None:
        """The comparison with a constant of known kind, inline."""
        kind = constant.__class__
        if kind is bool and operator == "==":
            return is_(self._raw(left, scope), ast.Constant(constant is not negated))
        if kind not in (str, int, float) or left.type.name in ("decimal", "list", "map"):
            return None
        first, again = self._twice(left, scope)
        known = ast.Constant(constant) if kind is not float else self.constant(constant)
        guard: ast.expr
        if kind is str:
            guard = is_(class_of(first), name("str"))
        else:
            guard = compare(class_of(first), ast.In(), name("NUMBERS"))
        if operator == "==":
            if kind is str and not negated:
                return compare(self._raw(left, scope), ast.Eq(), known)
            return all_of([guard, compare(again, ast.NotEq() if negated else ast.Eq(), known)])
        return all_of([guard, compare(again, _ORDER[operator][negated](), known)])

    def _twice(self, x: Expression, scope: Scope) -> tuple[ast.expr, ast.expr]:
        """The value for a first and for further uses: a variable where computing it again would cost."""
        raw = self._raw(x, scope)
        if isinstance(raw, ast.Name):
            return raw, raw
        variable = self.temporary()
        return walrus(variable, raw), name(variable)

    def _raw(self, x: Expression, scope: Scope) -> ast.expr:
        """The value where a missing field may show as ``UNSET``: enough for comparisons that look at the class."""
        if isinstance(x, Field):
            event, nullable = self._place(x.event, scope)
            if not nullable:
                return placed(self._attribute(event, x.name, scope), x.span)
        return self.value(x, scope)

    def _membership(self, x: Binary, scope: Scope, negated: bool) -> ast.expr:
        listed = x.right.value if isinstance(x.right, Constant) else None
        if isinstance(listed, tuple) and listed and all(item.__class__ is str for item in listed):
            first, again = self._twice(x.left, scope)
            among = compare(again, ast.NotIn() if negated else ast.In(), self.constant(frozenset(listed)))
            return all_of([is_(class_of(first), name("str")), among])
        found = call("contains_value", self.value(x.right, scope), self.value(x.left, scope))
        return is_(found, ast.Constant(not negated))

    def _matching(self, operator: str, x: Binary, scope: Scope) -> ast.expr:
        """``like`` and ``matches``: compiled once where the right side is constant."""
        compiled: Callable[[object], bool | None] | None = None
        if operator == "matches" and isinstance(x.right, Pattern):
            compiled = self._namespace["compile_regex"](x.right.regex, x.right.flags)
        elif operator == "like" and isinstance(x.right, Constant) and isinstance(x.right.value, str):
            compiled = self._namespace["compile_like"](x.right.value)
        if compiled is None:
            return call(operator, self.value(x.left, scope), self.value(x.right, scope))
        function = self.constant(compiled)
        return ast.Call(function, [self.value(x.left, scope)], [])

    def _between(self, x: Between, scope: Scope, negated: bool) -> ast.expr:
        lower = Binary(">=", x.value, x.low, x.type, span=x.span)
        upper = Binary("<=", x.value, x.high, x.type, span=x.span)
        parts = [self._test(b.operator, b, scope, negated) for b in (lower, upper)]
        return any_of(parts) if negated else all_of(parts)

    def _crossing(self, x: Binary, scope: Scope, negated: bool) -> ast.expr:
        """Beyond now, and not yet at the previous evaluation."""
        beyond = Binary(_CROSSES[x.operator], x.left, x.right, x.type, span=x.span)
        above = ast.Constant(x.operator == "crosses above")
        before = is_(call("was_on_this_side", scope.sides_before(x), above), ast.Constant(not negated))
        parts = [self._test(beyond.operator, beyond, scope, negated), before]
        return any_of(parts) if negated else all_of(parts)

    def _is_null(self, x: IsNull, scope: Scope) -> ast.expr:
        raw = self._raw(x.value, scope)
        unset = name("UNSET")
        if x.missing and isinstance(x.value, Field):
            found: ast.expr = is_(raw, unset)
            event, nullable = self._place(x.value.event, scope)
            if nullable:
                variable = self.temporary()
                nowhere = is_(walrus(variable, event), ast.Constant(None))
                found = any_of([nowhere, is_(self._attribute(name(variable), x.value.name, scope), unset)])
        else:
            found = is_(self.value(x.value, scope), ast.Constant(None))
        return ast.UnaryOp(ast.Not(), found) if x.negated else found

    # ---- values ----

    def _value(self, x: Expression, scope: Scope) -> ast.expr:
        method = getattr(self, f"_value_of_{type(x).__name__.lower()}", None)
        if method is not None:
            node: ast.expr = method(x, scope)
            return node
        return self._as_value(x, scope)  # Between and IsNull

    def _as_value(self, x: Expression, scope: Scope) -> ast.expr:
        """A bool, or null where it is unknown."""
        return if_else(
            self.truth(x, scope),
            ast.Constant(True),
            if_else(self.falsity(x, scope), ast.Constant(False), ast.Constant(None)),
        )

    def _value_of_constant(self, x: Constant, scope: Scope) -> ast.expr:
        return self.constant(list(x.value) if isinstance(x.value, tuple) else x.value)

    def _value_of_field(self, x: Field, scope: Scope) -> ast.expr:
        event, nullable = self._place(x.event, scope)
        if not nullable:
            return self._present(self._attribute(event, x.name, scope))
        variable = self.temporary()
        read = self._present(self._attribute(name(variable), x.name, scope))
        return if_else(is_(walrus(variable, event), ast.Constant(None)), ast.Constant(None), read)

    def _attribute(self, event: ast.expr, field_name: str, scope: Scope) -> ast.expr:
        if isinstance(event, ast.Name) and event.id == scope.candidate and field_name in scope.loaded:
            return name(scope.loaded[field_name])
        return attribute(event, self._projection.attributes[field_name])

    def _present(self, raw: ast.expr) -> ast.expr:
        """``UNSET`` to null."""
        if isinstance(raw, ast.Name):
            return if_else(is_(raw, name("UNSET")), ast.Constant(None), raw)
        variable = self.temporary()
        return if_else(is_(walrus(variable, raw), name("UNSET")), ast.Constant(None), name(variable))

    def _value_of_stepvalues(self, x: StepValues, scope: Scope) -> ast.expr:
        return self._over(scope.step_events(x.step), Field(_CANDIDATE, x.name, x.type), None, scope)

    def _over(self, events: ast.expr, value: Expression, where: Expression | None, scope: Scope) -> ast.expr:
        """``[value for event in events if where]``."""
        variable = self.temporary()
        inner = scope.with_candidate(variable)
        conditions = [] if where is None else [self.truth(where, inner)]
        return ast.ListComp(
            self.value(value, inner),
            [ast.comprehension(ast.Name(variable, ast.Store()), events, conditions, 0)],
        )

    def _value_of_keyvalue(self, x: KeyValue, scope: Scope) -> ast.expr:
        return scope.key(x.name)

    def _value_of_local(self, x: Local, scope: Scope) -> ast.expr:
        return name(f"l_{x.name}")

    def _value_of_windowbound(self, x: WindowBound, scope: Scope) -> ast.expr:
        return scope.bound(x.edge)

    def _value_of_member(self, x: Member, scope: Scope) -> ast.expr:
        return call("member", self.value(x.target, scope), ast.Constant(x.name))

    def _value_of_index(self, x: Index, scope: Scope) -> ast.expr:
        return call("member", self.value(x.target, scope), self.value(x.index, scope))

    def _value_of_listof(self, x: ListOf, scope: Scope) -> ast.expr:
        return ast.List([self.value(i, scope) for i in x.items], ast.Load())

    def _value_of_conditional(self, x: Conditional, scope: Scope) -> ast.expr:
        return if_else(
            self.truth(x.condition, scope), self.value(x.consequence, scope), self.value(x.alternative, scope)
        )

    def _value_of_unary(self, x: Unary, scope: Scope) -> ast.expr:
        if x.operator == "-":
            return call("negate", self.value(x.operand, scope))
        return call("not_", self.value(x.operand, scope))

    def _value_of_binary(self, x: Binary, scope: Scope) -> ast.expr:
        if x.operator in _ARITHMETIC:
            return call(_ARITHMETIC[x.operator], self.value(x.left, scope), self.value(x.right, scope))
        if x.operator == "??":
            variable = self.temporary()
            left = walrus(variable, self.value(x.left, scope))
            return if_else(is_not(left, ast.Constant(None)), name(variable), self.value(x.right, scope))
        if x.operator in ("and", "or") or x.operator in _CROSSES:
            return self._as_value(x, scope)
        if x.operator in _NEGATED:
            return call("not_", self.value(Binary(_NEGATED[x.operator], x.left, x.right, x.type, span=x.span), scope))
        if x.operator == "in":
            return call("contains_value", self.value(x.right, scope), self.value(x.left, scope))
        if x.operator in ("like", "matches"):
            return self._matching(x.operator, x, scope)
        return call(_COMPARERS[x.operator], self.value(x.left, scope), self.value(x.right, scope))

    # ---- what is joined ----

    def _value_of_column(self, x: Column, scope: Scope) -> ast.expr:
        row, nullable = scope.event(x.role)
        if nullable:
            return call("member", row, ast.Constant(x.name))
        return ast.Call(attribute(row, "get"), [ast.Constant(x.name)], [])

    def _value_of_bound(self, x: Bound, scope: Scope) -> ast.expr:
        return if_else(scope.event(x.role)[0], ast.Constant(True), ast.Constant(None))

    # ---- calls ----

    def _value_of_timeoutvalue(self, x: TimeoutValue, scope: Scope) -> ast.expr:
        return attribute(name("b"), x.name)

    def _value_of_aggregate(self, x: Aggregate, scope: Scope) -> ast.expr:
        found = self._aggregated(x, scope)
        # The mean of times is a time again: whole microseconds.
        return call("whole_us", found) if x.function in ROUNDED and x.type.name in ("duration", "timestamp") else found

    def _aggregated(self, x: Aggregate, scope: Scope) -> ast.expr:
        kept = scope.aggregate_value(x)
        if kept is not None:
            return kept
        events = scope.all_events() if x.step is None else scope.step_events(x.step)
        plan = AggregatePlan.of(x)
        if x.function == "count" and x.where is None:
            return call("len", events)
        return ast.Call(self.constant(definition(plan)), [self._over(events, plan.row, x.where, scope)], [])

    def _value_of_call(self, x: Call, scope: Scope) -> ast.expr:
        if x.function == "time" and isinstance(x.arguments[0], EventValue):
            return self._event_time(x.arguments[0], scope)
        record = self._namespace["FUNCTIONS"][x.function]
        known = [a.value for a in x.arguments[1:] if isinstance(a, Constant) and a.value is not None]
        if record.compile_rest is not None and len(known) == len(x.arguments) - 1:
            compiled = self.constant(record.compile_rest(*known))
            return ast.Call(compiled, [self.value(cast("Expression", x.arguments[0]), scope)], [])
        arguments: list[ast.expr] = []
        if record.takes_event_time:
            arguments.append(attribute(name(scope.candidate), "time_us"))
        for argument in x.arguments:
            if isinstance(argument, Lambda):
                arguments.append(self._lambda(argument, scope))
            elif isinstance(argument, EventValue):
                arguments.extend(self._fields_and_time(argument, record.event_fields, scope))
            else:
                arguments.append(self.value(argument, scope))
        types = [ANY if isinstance(argument, Lambda) else argument.type for argument in x.arguments]
        return ast.Call(self.constant(record.implementation_for(types)), arguments, [])

    def _lambda(self, x: Lambda, scope: Scope) -> ast.expr:
        parameters = ast.arguments(
            posonlyargs=[], args=[ast.arg(f"l_{x.parameter}")], kwonlyargs=[], kw_defaults=[], defaults=[]
        )
        return ast.Lambda(parameters, self.value(x.body, scope))

    def _event_time(self, x: EventValue, scope: Scope) -> ast.expr:
        event, nullable = self._place(x.event, scope)
        if not nullable:
            return attribute(event, "time_us")
        variable = self.temporary()
        known = attribute(name(variable), "time_us")
        return if_else(is_(walrus(variable, event), ast.Constant(None)), ast.Constant(None), known)

    def _fields_and_time(self, x: EventValue, names: tuple[str, ...], scope: Scope) -> list[ast.expr]:
        return [*(self.value(Field(x.event, field_name), scope) for field_name in names), self._event_time(x, scope)]

    def _event(self, x: EventValue, scope: Scope) -> ast.expr:
        return self._place(x.event, scope)[0]

    def _place(self, reference: EventReference, scope: Scope) -> tuple[ast.expr, bool]:
        """The event meant, and whether it may be null; positions are values, which the scope does not know."""
        if isinstance(reference, StepEventAt):
            return call("event_at", scope.step_events(reference.step), self.value(reference.index, scope)), True
        if isinstance(reference, Role) and isinstance(reference.base, StepEventAt):
            return call("role_of", self._place(reference.base, scope)[0], ast.Constant(reference.number)), True
        return scope.event(reference)


def base_namespace() -> dict[str, Any]:
    """What all generated code may refer to besides its constants."""
    from cep.functions import FUNCTIONS, operators
    from cep.functions.definitions import whole_us
    from cep.plan.generate import support

    namespace: dict[str, Any] = {
        text: getattr(operators, text)
        for text in (
            "equal", "less", "less_equal", "greater", "greater_equal", "add", "subtract", "multiply", "divide",
            "modulo", "power", "negate", "contains_value", "like", "compile_regex", "compile_like",
        )
    }  # fmt: skip
    for text in (
        "previous_event", "bound_events", "event_at", "key_value", "member", "not_", "role_of", "was_on_this_side",
    ):  # fmt: skip
        namespace[text] = getattr(support, text)
    namespace |= {
        "NUMBERS": frozenset({int, float}),
        "UNSET": msgspec.UNSET,
        "whole_us": whole_us,
        "FUNCTIONS": FUNCTIONS,
        "str": str,
        "len": len,
    }
    return namespace
