"""Written expressions to checked ones: names resolved, constants in place, every type known or ``any``. Language layer.

What is reported gives an expression of type ``any``, so that one mistake is one diagnostic. Chains of binary operators
are walked in a loop, not recursively: a condition may have hundreds of ``or``.
"""

from __future__ import annotations

from cep.diagnostics import did_you_mean
from cep.functions.operators import compile_regex
from cep.language import syntax
from cep.language.checked import (
    Between,
    Binary,
    Conditional,
    Constant,
    Expression,
    Field,
    Index,
    IsNull,
    ListOf,
    Member,
    Pattern,
    Unary,
    WindowBound,
)
from cep.language.expressions import operators
from cep.language.expressions.aggregates import CheckWindow
from cep.language.expressions.calls import CallChecker
from cep.language.expressions.domains import check_domain
from cep.language.expressions.event_types import unified
from cep.language.expressions.names import EventTarget, event_target, field_of, member_of, names_step, value_of
from cep.language.expressions.scope import Context, Scope
from cep.language.report import article, is_poison, poison
from cep.language.words import closest
from cep.types import ANY, BOOL, Type, list_of

_COMPARISONS = frozenset({"==", "!=", "<", "<=", ">", ">="})
_ARITHMETIC = frozenset({"+", "-", "*", "/", "%", "**"})


class ExpressionChecker:
    """Checks any number of expressions, each in the scope that it is given with.

    ``window`` checks a window of an aggregate's own; it is set once events can be resolved.
    """

    def __init__(self, context: Context) -> None:
        self.context = context
        self.report = context.report
        self.window: CheckWindow = lambda window: None
        self._calls = CallChecker(context, self.check, lambda window: self.window(window))

    def condition(self, node: syntax.Expression, scope: Scope, what: str) -> Expression:
        """An expression that must be true or false."""
        checked = self.check(node, scope)
        operators.expect_bool(self.report, checked, what)
        return checked

    def check(self, node: syntax.Expression, scope: Scope) -> Expression:
        """The checked expression. Never raises for what an author may write."""
        match node:
            case syntax.Literal():
                return Constant(node.value, Type(node.kind), span=node.span)
            case syntax.Name():
                return value_of(self.context, node, scope)
            case syntax.Member():
                return self._member(node, scope)
            case syntax.Index():
                return self._index(node, scope)
            case syntax.Call():
                return self._calls.call(node, scope)
            case syntax.Binary():
                return self._chain(node, scope)
            case syntax.Unary():
                return self._unary(node, scope)
            case syntax.Between():
                return self._between(node, scope)
            case syntax.IsNull():
                return self._is_null(node, scope)
            case syntax.Conditional():
                return self._conditional(node, scope)
            case syntax.ListOf():
                return self._list(node, scope)
            case syntax.Regex():
                return self._regex(node)
            case _:
                return poison(node.span)  # a map, which the parser has refused

    # ---- values ----

    def _list(self, node: syntax.ListOf, scope: Scope) -> Expression:
        items = tuple(self.check(item, scope) for item in node.items)
        kind = unified(item.type for item in items) if items else ANY
        of = Type("list") if kind == ANY else list_of(kind)
        if all(isinstance(item, Constant) and not is_poison(item) for item in items):
            values = tuple(item.value for item in items if isinstance(item, Constant))
            return Constant(values, of, span=node.span)
        return ListOf(items, of, span=node.span)

    def _regex(self, node: syntax.Regex) -> Expression:
        try:
            compile_regex(node.pattern, node.flags)
        except ValueError as error:
            self._refuse_regex(node, str(error))
            return poison(node.span)
        return Pattern(node.pattern, node.flags, span=node.span)

    def _refuse_regex(self, node: syntax.Regex, reason: str) -> None:
        hint = None
        if any(look in node.pattern for look in ("(?=", "(?!", "(?<=", "(?<!")):
            message = "regular expressions have no look-around here: they run in linear time"
            hint = "match without it and say the rest with `and`, `not matches` or `like`"
        elif _has_back_reference(node.pattern):
            message = "regular expressions have no back-references here: they run in linear time"
            hint = "match without it and compare the parts with functions"
        else:
            message = f"this regular expression is not valid: {reason.rstrip('.')}"
        self.report.error("CEP310", message, node.span, hint)

    # ---- parts ----

    def _member(self, node: syntax.Member, scope: Scope) -> Expression:
        target = event_target(self.context, node.target, scope, self.check, node.name)
        if target is None:
            return self._nested(self.check(node.target, scope), node)
        if target.is_window:
            if node.name in ("start", "end"):
                return WindowBound(node.name, span=node.span)  # type: ignore[arg-type]
            hint = did_you_mean(closest(node.name, ("start", "end"))) or "a window has `start` and `end`"
            self.report.error("CEP204", f"a window has no `{node.name}`", node.span, hint)
            return poison(node.span)
        return member_of(self.context, target, node.name, node.span, scope)

    def _nested(self, target: Expression, node: syntax.Member) -> Expression:
        kind = target.type
        if is_poison(target):
            return target
        if kind.name in ("any", "map"):
            inner = kind.item.or_null() if kind.item is not None else ANY
            return Member(target, node.name, inner, span=node.span)
        hint = None
        if kind.name == "list":
            hint = f"take one element, `[0]`, or all of them: `map(…, x -> x.{node.name})`"
        message = f"{article(str(kind.not_null()))} has no parts, so there is no `.{node.name}` in it"
        self.report.error("CEP314", message, node.span, hint)
        return poison(node.span)

    def _index(self, node: syntax.Index, scope: Scope) -> Expression:
        if isinstance(node.target, syntax.Name) and self._indexes_step(node.target.text, node.index, scope):
            of_step = self._index_of_step(node, scope)
            if of_step is not None:
                return of_step
        target, index = self.check(node.target, scope), self.check(node.index, scope)
        if is_poison(target) or is_poison(index):
            return poison(node.span)
        kind = target.type
        wanted = {"list": ("int",), "map": ("string",), "any": ("int", "string")}.get(kind.name)
        if wanted is None:
            message = f"{article(str(kind.not_null()))} has no elements to take one of"
            self.report.error("CEP314", message, node.span)
            return poison(node.span)
        if index.type.name not in (*wanted, "any"):
            what = "by position, an int" if kind.name == "list" else "by key, a string"
            message = f"{article(kind.name)} is read {what}, not by {article(str(index.type))}"
            self.report.error("CEP314", message, index.span)
            return poison(node.span)
        inner = kind.item.or_null() if kind.item is not None else ANY
        return Index(target, index, inner, span=node.span)

    def _indexes_step(self, name: str, index: syntax.Expression, scope: Scope) -> bool:
        member = index.value if isinstance(index, syntax.Literal) and isinstance(index.value, str) else ""
        return names_step(self.context, name, scope, member)

    def _index_of_step(self, node: syntax.Index, scope: Scope) -> Expression | None:
        """``a["x"]`` is the field x of step a; ``a[0]`` is a whole event and no value."""
        match node.index:
            case syntax.Literal(value=str(name)):
                field = syntax.Member(node.target, name, span=node.span)
                return self._member(field, scope)
        assert isinstance(node.target, syntax.Name)
        step = scope.steps[node.target.text]
        name = node.target.text
        if node.target.text in scope.keys or node.target.text in scope.locals:
            return None
        if step.loops or (step.is_candidate and scope.windowed):
            message = f"`{name}[…]` is a whole event, no value"
            hint = f"write one of its fields: `{name}[0].FIELD`"
        else:
            message = f"the step `{name}` takes one event, so it has no position to read"
            hint = f"write `{name}.FIELD`"
        self.report.error("CEP207", message, node.span, hint)
        return poison(node.span)

    # ---- operators ----

    def _chain(self, node: syntax.Binary, scope: Scope) -> Expression:
        chain = [node]
        while isinstance(chain[-1].left, syntax.Binary):
            chain.append(chain[-1].left)
        left = self.check(chain[-1].left, scope)
        for link in reversed(chain):
            right = self.check(link.right, scope)
            left = self._binary(link, left, right, scope)
        return left

    def _binary(self, node: syntax.Binary, left: Expression, right: Expression, scope: Scope) -> Expression:
        operator, span = node.operator, node.span
        if is_poison(left) and is_poison(right) and operator not in ("and", "or"):
            return poison(span)
        if operator in ("==", "!=") and (null := _compared_with_null(left, right)) is not None:
            return IsNull(null, negated=operator == "!=", span=span)
        if operator in _COMPARISONS:
            kind = operators.compared(self.report, operator, left, right, span)
            if operator in ("==", "!="):
                check_domain(self.context, left, right, scope)
        elif operator in _ARITHMETIC:
            kind = operators.arithmetic(self.report, operator, left, right, span)
            if kind == ANY and not (_open(left) or _open(right)):
                return poison(span)
        elif operator in ("and", "or"):
            kind = self._logic(operator, left, right)
        elif operator == "??":
            kind = self._first_not_null(left, right, node)
        elif operator in ("in", "not in"):
            kind = operators.contained(self.report, left, right, span)
            check_domain(self.context, left, right, scope)
        else:
            kind = self._text_or_crossing(node, left, right, scope)
        return Binary(operator, left, right, kind, span=span)

    def _logic(self, operator: str, left: Expression, right: Expression) -> Type:
        for side in (left, right):
            if operator == "or" and isinstance(side, Constant) and side.type.name == "string":
                message = "a text is neither true nor false, so it cannot stand beside `or`"
                hint = f'for several values write `… in ["…", "{side.value}"]`'
                self.report.error("CEP303", message, side.span, hint)
            else:
                operators.expect_bool(self.report, side, f"what stands beside `{operator}`")
        return operators.optional_if(BOOL, left, right)

    def _first_not_null(self, left: Expression, right: Expression, node: syntax.Binary) -> Type:
        kind = unified([left.type.not_null(), right.type])
        self._same_kind(left, right, kind, "the two sides of `??`", node)
        return kind

    def _same_kind(self, one: Expression, other: Expression, kind: Type, what: str, node: syntax.Node) -> None:
        if kind == ANY and not (_open(one) or _open(other)):
            types = f"{one.type.not_null()} and {other.type.not_null()}"
            message = f"{what} have different types, {types}"
            self.report.error("CEP318", message, node.span, "convert one of them, as in `string(…)`")

    def _text_or_crossing(self, node: syntax.Binary, left: Expression, right: Expression, scope: Scope) -> Type:
        if node.operator.startswith("crosses"):
            if not scope.crosses or scope.locals:
                message = f"`{node.operator}` has no meaning in {scope.place}"
                hint = "it compares with the evaluation before, in the `when` of a rule over windows"
                self.report.error("CEP308", message, node.span, hint)
                return ANY
            return operators.compared(self.report, "<", left, right, node.span)
        self._text_side(left, node.operator, "left")
        if node.operator.endswith("like"):
            self._text_side(right, node.operator, "right")
        elif not isinstance(right, Pattern) and not is_poison(right):
            hint = "write it between slashes: `matches /^adm/i`; for `*` and `?` there is `like`"
            message = "the right side of `matches` must be a regular expression"
            self.report.error("CEP301", message, right.span, hint)
        return operators.optional_if(BOOL, left, right)

    def _text_side(self, side: Expression, operator: str, which: str) -> None:
        if side.type.name in ("string", "ip", "any", "null"):
            return
        if side.type.name == "list":
            message = f"`{operator}` looks at one text, this is a list"
            hint = f"ask of each element: `any(…, x -> x {operator} …)`"
            self.report.error("CEP304", message, side.span, hint)
            return
        message = f"the {which} side of `{operator}` must be a string, this is {article(str(side.type.not_null()))}"
        hint = "write it between quotes" if isinstance(side, Pattern) else "convert it with `string(…)`"
        self.report.error("CEP301", message, side.span, hint)

    def _unary(self, node: syntax.Unary, scope: Scope) -> Expression:
        operand = self.check(node.operand, scope)
        if node.operator == "not":
            operators.expect_bool(self.report, operand, "what stands behind `not`")
            return Unary("not", operand, operators.optional_if(BOOL, operand), span=node.span)
        if operators.family(operand.type) not in ("number", "duration", "any", "null"):
            message = f"`-` does not go with {article(str(operand.type.not_null()))}"
            self.report.error("CEP302", message, node.span)
            return poison(node.span)
        return Unary("-", operand, operand.type, span=node.span)

    def _between(self, node: syntax.Between, scope: Scope) -> Expression:
        parts = [self.check(part, scope) for part in (node.value, node.low, node.high)]
        value, low, high = parts
        for bound in (low, high):
            operators.compared(self.report, "<", value, bound, node.span)
        kind = operators.optional_if(BOOL, *parts)
        return Between(value, low, high, node.negated, kind, span=node.span)

    def _is_null(self, node: syntax.IsNull, scope: Scope) -> Expression:
        value = self.check(node.value, scope)
        if node.missing and not is_poison(value) and not isinstance(value, Field | Member | Index):
            message = "only a field can be missing"
            self.report.error("CEP301", message, node.span, "write `is null` for other values")
        return IsNull(value, node.missing, node.negated, span=node.span)

    def _conditional(self, node: syntax.Conditional, scope: Scope) -> Expression:
        condition = self.condition(node.condition, scope, "what stands behind `if`")
        yes, no = self.check(node.consequence, scope), self.check(node.alternative, scope)
        kind = unified([yes.type, no.type])
        self._same_kind(yes, no, kind, "the two outcomes of `if`", node)
        return Conditional(condition, yes, no, kind, span=node.span)

    # ---- paths of keys ----

    def path(
        self, types: tuple[str | None, ...], parts: tuple[str | int, ...], node: syntax.Node, scope: Scope
    ) -> Type:
        """The type of a key's path in events of ``types``; reports fields that they cannot have."""
        found = field_of(self.context, EventTarget(types), str(parts[0]), node.span, scope)
        for part in parts[1:]:
            if isinstance(part, str):
                found = self._nested(found, syntax.Member(syntax.Name(""), part, span=node.span))
            elif found.type.name not in ("list", "any"):
                message = f"{article(str(found.type.not_null()))} has no elements to take one of"
                self.report.error("CEP314", message, node.span)
                return ANY
            else:
                found = Index(found, Constant(part, Type("int")), found.type.item or ANY)
        return found.type


def _open(expression: Expression) -> bool:
    return operators.is_open(expression.type)


def _compared_with_null(left: Expression, right: Expression) -> Expression | None:
    """``x == null`` reads as ``x is null``: compared with null it would be unknown for every x."""
    for one, other in ((left, right), (right, left)):
        if isinstance(other, Constant) and other.type.name == "null" and not isinstance(one, Constant):
            return one
    return None


def _has_back_reference(pattern: str) -> bool:
    escaped = False
    for character in pattern:
        if escaped and (character in "123456789" or character == "k"):
            return True
        escaped = character == "\\" and not escaped
    return False
