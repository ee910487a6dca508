"""Event phrases to event types and conditions: definitions expanded with their arguments. Language layer.

``failed login(ip != null)`` becomes the type ``Login`` with two conditions. A definition is checked for itself once, so
that its mistakes are told at their place; at a use only what its arguments cause is told, at the use.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, replace
from typing import Any

from cep.diagnostics import Diagnostic, Fix, Span, did_you_mean
from cep.language import syntax
from cep.language.checked import Alternative, Binary, Checked, Expression
from cep.language.checking.conditions import warn_of_condition, warn_together
from cep.language.checking.namespace import Meaning, Namespace, joined
from cep.language.expressions.checker import ExpressionChecker
from cep.language.expressions.operators import optional_if
from cep.language.expressions.scope import Context, Scope
from cep.language.report import listed, poison
from cep.language.words import closest, quoted
from cep.types import BOOL

_NO_TYPE = "?"


@dataclass(frozen=True, slots=True)
class _Leaf:
    """An event type that a phrase leads to, with the conditions on the way, outermost last."""

    type: str
    conditions: tuple[Expression, ...] = ()


class PhraseResolver:
    """Resolves phrases; one for all rules."""

    def __init__(self, context: Context, namespace: Namespace, expressions: ExpressionChecker) -> None:
        self.context = context
        self.report = context.report
        self.namespace = namespace
        self.expressions = expressions
        self.cyclic = namespace.definition_cycles()
        self._checked: set[str] = set()

    # ---- without conditions ----

    def types(self, phrase: syntax.EventPhrase) -> tuple[str, ...]:
        """The event types that the phrase leads to; reports phrases that mean nothing."""
        meaning = self.namespace.lookup(phrase.words, phrase.span)
        if meaning.definition is None:
            return (meaning.type,)
        return self._types_of(meaning.definition)

    def _types_of(self, definition: syntax.Definition) -> tuple[str, ...]:
        if joined(definition.words) in self.cyclic:
            return (_NO_TYPE,)
        return tuple(dict.fromkeys(t for event in definition.events for t in self.types(event)))

    def label(self, phrase: syntax.EventPhrase) -> str:
        """How evidence calls it: the phrase as declared, or the type."""
        meaning = self.namespace.lookup(phrase.words, phrase.span)
        return meaning.definition.phrase if meaning.definition is not None else meaning.type

    # ---- with conditions ----

    def alternatives(self, phrase: syntax.EventPhrase, scope: Scope) -> tuple[Alternative, ...]:
        """The types with their conditions. ``scope`` is that of the condition, without a candidate."""
        leaves = self._leaves(phrase, scope)
        warn_together(self.report, [leaf.conditions for leaf in leaves], phrase.span)
        return tuple(
            Alternative(leaf.type, _joined_by_and(leaf.conditions, phrase.span), span=phrase.span) for leaf in leaves
        )

    def check_definitions(self) -> None:
        """Checks all definitions that no rule has made to be checked."""
        for definition in self.namespace.definitions.values():
            self._check_definition(definition)

    def _leaves(self, phrase: syntax.EventPhrase, scope: Scope) -> list[_Leaf]:
        meaning = self.namespace.lookup(phrase.words, phrase.span)
        if meaning.broken and meaning.definition is None:
            return [_Leaf(meaning.type)]
        groups = list(phrase.groups)
        if meaning.definition is None:
            leaves = [_Leaf(meaning.type)]
        else:
            takes_arguments = bool(meaning.definition.parameters)
            arguments = groups.pop(0) if groups and takes_arguments else ()
            leaves = self._expand(meaning.definition, arguments, phrase, scope)
        if len(groups) > 1:
            self._too_many_groups(meaning, phrase)
            return leaves
        if not groups:
            return leaves
        return [self._with_condition(leaf, groups[0], phrase, scope) for leaf in leaves]

    def _too_many_groups(self, meaning: Meaning, phrase: syntax.EventPhrase) -> None:
        what = f"`{meaning.type}` is an event type"
        if meaning.definition is not None:
            what = f"`{meaning.definition.phrase}` has no parameters"
        message = f"{what}, so it takes one pair of parentheses, with its condition"
        self.report.error("CEP213", message, phrase.span, "join the conditions by `and`")

    def _with_condition(
        self, leaf: _Leaf, group: tuple[syntax.Argument, ...], phrase: syntax.EventPhrase, scope: Scope
    ) -> _Leaf:
        node = self._condition_node(group, phrase)
        if node is None:
            return leaf
        inside = replace(scope, candidate=(leaf.type,))
        condition = self.expressions.condition(node, inside, f"the condition of `{phrase.phrase}`")
        warn_of_condition(self.context, [(node, condition)], inside)
        return _Leaf(leaf.type, (*leaf.conditions, condition))

    def _condition_node(
        self, group: tuple[syntax.Argument, ...], phrase: syntax.EventPhrase
    ) -> syntax.Expression | None:
        """The condition in a pair of parentheses; null for empty ones and for what was reported."""
        if not group:
            return None
        for argument in group:
            if argument.name is not None:
                message = "a condition compares with `==`, a single `=` gives a value"
                hint = f"write `{argument.name} == …`"
                self.report.error("CEP214", message, argument.span, hint, fix=_compared(argument))
                return None
        first = group[0]
        if len(group) > 1:
            span = group[1].span.to(group[-1].span)
            message = f"`{phrase.phrase}` takes one condition in its parentheses"
            self.report.error("CEP213", message, span, "join the conditions by `and`")
            return None
        if isinstance(first.value, syntax.Lambda) or first.where is not None or first.over is not None:
            message = f"`{phrase.phrase}` takes a condition in its parentheses, nothing else"
            self.report.error("CEP213", message, first.span)
            return None
        return first.value

    # ---- definitions ----

    def _expand(
        self,
        definition: syntax.Definition,
        arguments: tuple[syntax.Argument, ...],
        phrase: syntax.EventPhrase,
        scope: Scope,
    ) -> list[_Leaf]:
        if joined(definition.words) in self.cyclic:
            return [_Leaf(_NO_TYPE)]
        self._check_definition(definition)
        parameters = self._arguments(definition, arguments, phrase, scope)
        with self.report.redirected(lambda found: self._at_use(found, definition, phrase.span)):
            leaves = self._body(definition, parameters)
        return [
            _Leaf(leaf.type, tuple(placed_at(condition, phrase.span) for condition in leaf.conditions))
            for leaf in leaves
        ]

    def _body(self, definition: syntax.Definition, parameters: dict[str, Expression]) -> list[_Leaf]:
        scope = Scope("condition", f"the definition of `{definition.phrase}`", parameters=parameters)
        return [leaf for event in definition.events for leaf in self._leaves(event, scope)]

    def _check_definition(self, definition: syntax.Definition) -> None:
        key = joined(definition.words)
        if key in self._checked or key in self.cyclic:
            return
        self._checked.add(key)
        constants = Scope("constant", "the default of a parameter")
        for parameter in definition.parameters:
            if parameter.default is not None:
                self.expressions.check(parameter.default, constants)
        self._body(definition, {p.name: poison(p.span) for p in definition.parameters})

    def _at_use(self, found: Diagnostic, definition: syntax.Definition, use: Span) -> Diagnostic | None:
        """What a definition's body says with these arguments, unless it says so for itself."""
        if self.report.has(found.code, found.span):
            return None
        related = (found.span, f"in the definition of `{definition.phrase}`")
        return replace(found, span=use, related=(*found.related, related))

    def _arguments(
        self,
        definition: syntax.Definition,
        arguments: tuple[syntax.Argument, ...],
        phrase: syntax.EventPhrase,
        scope: Scope,
    ) -> dict[str, Expression]:
        """The value of each parameter; those that were reported are poisoned."""
        given = self._given(definition, arguments)
        inside = replace(scope, candidate=self._types_of(definition))
        constants = Scope("constant", "the default of a parameter")
        values: dict[str, Expression] = {}
        missing = []
        for parameter in definition.parameters:
            node = given.get(parameter.name)
            if node is not None:
                values[parameter.name] = self.expressions.check(node, inside)
            elif parameter.default is not None:
                values[parameter.name] = self.expressions.check(parameter.default, constants)
            else:
                values[parameter.name] = poison(phrase.span)
                missing.append(parameter.name)
        if len(given) < len(arguments):
            return {name: poison(phrase.span) for name in values}
        if missing:
            message = f"`{definition.phrase}` lacks its argument {listed(missing)}"
            self.report.error("CEP213", message, phrase.span, f"write {_signature(definition)}")
        return values

    def _given(
        self, definition: syntax.Definition, arguments: tuple[syntax.Argument, ...]
    ) -> dict[str, syntax.Expression]:
        names = [parameter.name for parameter in definition.parameters]
        given: dict[str, syntax.Expression] = {}
        for index, argument in enumerate(arguments):
            name = argument.name or (names[index] if index < len(names) else None)
            problem, hint = None, f"it is {_signature(definition)}"
            if name is None:
                count = f"{len(names)} argument{'' if len(names) == 1 else 's'}"
                problem = f"`{definition.phrase}` takes {count}, {len(arguments)} are given"
                hint += "; a condition goes into a second pair of parentheses"
            elif name not in names:
                problem = f"`{definition.phrase}` has no parameter `{name}`"
                hint = did_you_mean(closest(name, names)) or hint
            elif name in given:
                problem = f"`{definition.phrase}` is given `{name}` twice"
            elif isinstance(argument.value, syntax.Lambda) or argument.where or argument.over:
                problem = f"`{definition.phrase}` takes values as arguments"
            else:
                given[name] = argument.value
            if problem is not None:
                self.report.error("CEP213", problem, argument.span, hint)
                if name is None:
                    break
        return given


def _signature(definition: syntax.Definition) -> str:
    shown = [p.name if p.default is None else f"{p.name} = …" for p in definition.parameters]
    return f"`{definition.phrase}({', '.join(shown)})`"


def _joined_by_and(conditions: tuple[Expression, ...], span: Span) -> Expression | None:
    if not conditions:
        return None
    result = conditions[0]
    for condition in conditions[1:]:
        result = Binary("and", result, condition, optional_if(BOOL, result, condition), span=span)
    return result


def placed_at(node: Any, span: Span) -> Any:
    """The checked expression with another place, that of the use of a definition, all the way down."""
    if isinstance(node, tuple):
        return tuple(placed_at(item, span) for item in node)
    if not isinstance(node, Checked):
        return node
    changes = {
        f.name: placed_at(getattr(node, f.name), span)
        for f in dataclasses.fields(node)
        if f.name not in ("span", "type")
    }
    return replace(node, span=span, **changes)


def _compared(argument: syntax.Argument) -> Fix | None:
    """``x = 1`` as ``x == 1``."""
    place, value = argument.span, argument.value.span
    if argument.name is None or not place.line or place.line != value.line:
        return None
    before = Span(place.file, place.line, place.column, value.line, value.column)
    return Fix(before, f"{quoted(argument.name)} == ")
