"""One rule, clause by clause. Language layer.

Of a rule that could not be read whole (``syntax.Rule.broken``) each clause that was read is checked with what the
others leave open: where the keys are not known a name may be a key, where the pattern is not known it may be a step.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import replace

from cep.diagnostics import Span, did_you_mean
from cep.language import syntax
from cep.language.checked import (
    Aggregate,
    CheckedAfterMatch,
    CheckedAtMost,
    CheckedEmit,
    CheckedJoin,
    CheckedKey,
    CheckedLookup,
    CheckedRule,
    Conjunct,
    EdgeEvent,
    Step,
    StepEvent,
    StepEventAt,
    StepValues,
)
from cep.language.checking.bounds import can_time_out, check_bounds, has_every
from cep.language.checking.conditions import warn_of_condition
from cep.language.checking.emits import EmitChecker
from cep.language.checking.namespace import Namespace, phrases_in
from cep.language.checking.near_names import renamed
from cep.language.checking.patterns import CheckedPattern, PatternChecker, visible_names
from cep.language.checking.phrases import PhraseResolver
from cep.language.checking.windows import WindowChecker
from cep.language.expressions.constants import constant, duration_us
from cep.language.expressions.event_types import unified
from cep.language.expressions.scope import Scope, StepInfo
from cep.language.report import listed
from cep.language.words import closest
from cep.types import ANY, Type

SEVERITIES = ("info", "low", "medium", "high", "critical")
OTHER_SEVERITIES = {
    "informational": "info", "notice": "info", "debug": "info", "warn": "medium", "warning": "medium",
    "error": "high", "severe": "high", "fatal": "critical", "emergency": "critical",
}  # fmt: skip


_UNKNOWN = "?"
"""What the step of a pattern that could not be read is called; no message shows it."""

_UNBOUNDED_US = 2**62
"""Stands for a ``within`` that could not be read: longer than what any pattern needs."""


class RuleChecker:
    """Checks rules; one for all of them, which must come in the order in which they read each other."""

    def __init__(self, phrases: PhraseResolver, namespace: Namespace) -> None:
        self.phrases = phrases
        self.expressions = phrases.expressions
        self.context = phrases.context
        self.report = phrases.report
        self.namespace = namespace
        self.windows = WindowChecker(phrases, namespace)
        self.emits = EmitChecker(self.context, self.expressions)
        self.expressions.window = self.windows.window

    def check(self, rule: syntax.Rule, reads: tuple[str | None, ...]) -> CheckedRule:
        """The checked rule. What it emits becomes known to the rules after it."""
        if _reads_unknown(rule):
            reads = ()
        keys = self._keys(rule, rule.per, reads)
        over = self._over_windows if rule.input is not None or "from" in rule.broken else self._over_pattern
        checked = over(rule, keys)
        if not rule.broken:
            self.emits.learn((checked.emit, checked.on_timeout))
        return replace(
            checked,
            doc=rule.doc,
            keys=keys,
            at_most=self._at_most(rule, reads),
            to=rule.to,
            severity=self._severity(rule),
            tags=rule.tags,
            meta=self._meta(rule),
            disabled=rule.disabled,
            reads=reads,
            name_span=rule.name_span,
            clause_spans=rule.clause_spans,
            span=rule.span,
        )

    # ---- rules over patterns ----

    def _over_pattern(self, rule: syntax.Rule, keys: tuple[CheckedKey, ...]) -> CheckedRule:
        pattern = self._pattern(rule)
        within = self._within(rule)
        bounded = within if rule.within is None or within is not None else 1
        within_span = rule.within.span if rule.within is not None else rule.span
        if rule.pattern is not None and (rule.within is None or within is not None):
            limited = rule.limit is not None or "limit" in rule.broken
            check_bounds(self.report, pattern.node, bounded, within_span, limited)
        self._check_expectation(rule, keys)
        scope = Scope(
            "match",
            "`where`",
            steps=pattern.steps,
            keys={key.name: key for key in keys},
            aggregates="all",
            edges=True,
            open_steps=self._steps_unknown(rule),
            open_keys="per" in rule.broken,
        )
        emit = self.emits.default(rule, keys)
        if rule.emit is not None:
            emit = self.emits.emit(rule.emit, replace(scope, place="`emit`"))
        having = None
        if rule.having is not None:
            inside = replace(scope, place="`having`")
            having = self.expressions.condition(rule.having, inside, "the condition of `having`")
            warn_of_condition(self.context, [(rule.having, having)], inside)
        return CheckedRule(
            rule.name,
            emit,
            pattern=pattern.node,
            where=self._where(rule, scope, visible_names(pattern.steps)),
            within_us=within,
            having=having,
            after_match=self._after_match(rule, pattern),
            on_timeout=self._on_timeout(rule, pattern, scope, bounded),
            limit=self._limit(rule, pattern),
        )

    def _pattern(self, rule: syntax.Rule) -> CheckedPattern:
        """The pattern; a single step of unknown type where it could not be read."""
        if rule.pattern is not None:
            return PatternChecker(self.phrases, self.namespace).check(rule.pattern)
        return CheckedPattern(Step(_UNKNOWN, _UNKNOWN, ()), {_UNKNOWN: StepInfo(_UNKNOWN, (None,), automatic=True)})

    def _steps_unknown(self, rule: syntax.Rule) -> bool:
        """Whether there may be steps that are not known: `A fails` where `A as fails` is meant is one phrase."""
        phrases = phrases_in((rule.pattern, rule.input))
        return _reads_unknown(rule) or any(self.report.has("CEP202", phrase.span) for phrase in phrases)

    def _within(self, rule: syntax.Rule) -> int | None:
        if rule.within is None:
            return _UNBOUNDED_US if "within" in rule.broken else None
        value = self.expressions.check(rule.within, Scope("constant", "a duration"))
        return duration_us(self.report, value, "`within`")

    def _check_expectation(self, rule: syntax.Rule, keys: tuple[CheckedKey, ...]) -> None:
        pattern = rule.pattern
        first = pattern.first if isinstance(pattern, syntax.Sequence) else pattern
        if not isinstance(first, syntax.Expectation) or first.table not in self.namespace.tables:
            return
        columns = self.namespace.tables[first.table].key
        if "per" in rule.broken:
            return
        if len(columns) != len(keys):
            message = (
                f"the table `{first.table}` has the key {listed(list(columns))}, "
                f"the rule has {listed([key.name for key in keys]) or 'none'}"
            )
            hint = f"write `per {', '.join(columns)}`: the columns match the keys in order"
            self.report.error("CEP422", message, first.span, hint)

    def _after_match(self, rule: syntax.Rule, pattern: CheckedPattern) -> CheckedAfterMatch:
        node = rule.after_match
        if node is None:
            return CheckedAfterMatch("no_skip" if has_every(pattern.node) else "past_last")
        names = visible_names(pattern.steps)
        if node.step is not None and node.step not in names and not self._steps_unknown(rule):
            message = f"no step is called `{node.step}`"
            hint = did_you_mean(closest(node.step, names)) or f"the steps are {listed(names)}"
            self.report.error("CEP411", message, node.span, hint)
        return CheckedAfterMatch(node.strategy, node.step, span=node.span)

    def _on_timeout(
        self, rule: syntax.Rule, pattern: CheckedPattern, scope: Scope, within: int | None
    ) -> CheckedEmit | None:
        node = rule.on_timeout
        if node is None:
            return None
        if rule.pattern is not None and not can_time_out(pattern.node, within):
            message = "no run of this pattern can run out of time"
            self.report.error("CEP421", message, node.span, "give the rule a `within`")
        steps = {n: replace(s, optional=True) for n, s in scope.steps.items()}
        place = "`on timeout emit`"
        return self.emits.emit(node, replace(scope, place=place, steps=steps, timeout=True))

    def _limit(self, rule: syntax.Rule, pattern: CheckedPattern) -> int | None:
        if rule.limit is not None and rule.pattern is not None and not has_every(pattern.node):
            message = "`limit` bounds the runs of `every`, and there is none in this pattern"
            span = rule.clause_spans.get("limit", rule.span)
            self.report.error("CEP410", message, span, "leave it out, or write `then every …`")
        return rule.limit

    # ---- rules over windows ----

    def _over_windows(self, rule: syntax.Rule, keys: tuple[CheckedKey, ...]) -> CheckedRule:
        step, joins, infos = self._inputs(rule)
        over = syntax.Window("all") if rule.over is None and "over" in rule.broken else rule.over
        window = None if over is None else self.windows.window(over)
        scope = replace(
            self.windows.scope(infos, over),
            keys={key.name: key for key in keys},
            open_steps=rule.input is None or self._steps_unknown(rule),
            open_keys="per" in rule.broken,
        )
        when = None
        if rule.when is not None:
            when = self.expressions.condition(rule.when, scope, "the condition of `when`")
            self.windows.warn_of_empty(when)
            warn_of_condition(self.context, [(rule.when, when)], scope)
        having = None
        if rule.having is not None:
            inside = replace(scope, place="`having`", crosses=False)
            having = self.expressions.condition(rule.having, inside, "the condition of `having`")
            warn_of_condition(self.context, [(rule.having, having)], inside)
        emit = self.emits.default(rule, keys)
        if rule.emit is not None:
            inside = replace(scope, place="`emit`", crosses=False)
            emit = self.emits.emit(rule.emit, inside)
        return CheckedRule(
            rule.name,
            emit,
            where=self._where(rule, self.windows.filter_scope(scope), list(infos)),
            having=having,
            input=step,
            joins=joins,
            window=window,
            when=when,
            firing=self.windows.firing(rule.firing, over),
        )

    def _inputs(self, rule: syntax.Rule) -> tuple[Step, tuple[CheckedJoin | CheckedLookup, ...], dict[str, StepInfo]]:
        """The inputs; a single one of unknown type where they could not be read."""
        if rule.input is not None:
            return self.windows.inputs(rule.input)
        unknown = StepInfo(_UNKNOWN, (None,), automatic=True, is_candidate=True)
        return Step(_UNKNOWN, _UNKNOWN, ()), (), {_UNKNOWN: unknown}

    # ---- clauses of both ----

    def _where(self, rule: syntax.Rule, scope: Scope, order: list[str]) -> tuple[Conjunct, ...]:
        found, written = [], []
        for node in _conjuncts(rule.where):
            condition = self.expressions.condition(node, scope, "a condition of `where`")
            steps = frozenset(_steps_read(condition, order)) & frozenset(order)
            last = max(steps, key=order.index) if steps else None
            found.append(Conjunct(condition, steps, last, span=node.span))
            written.append((node, condition))
        warn_of_condition(self.context, written, scope)
        return tuple(found)

    def _keys(
        self, rule: syntax.Rule, nodes: tuple[syntax.Key, ...], reads: tuple[str | None, ...]
    ) -> tuple[CheckedKey, ...]:
        if nodes:
            self._refuse_steps(nodes, set(_given_names((rule.pattern, rule.input))), reads)
        return tuple(self._key(node, reads) for node in nodes)

    def _refuse_steps(self, nodes: tuple[syntax.Key, ...], names: set[str], reads: tuple[str | None, ...]) -> None:
        """A key is a field of every event, not one of a step: ``a.k`` would be the nested field ``k`` of ``a``."""
        for node in nodes:
            first, *rest = node.paths[0].parts
            if node.by_type or not rest or first not in names:
                continue
            if not any(first in self.context.types.field_names([kind]) for kind in dict.fromkeys(reads)):
                message = f"`{first}` names an event of this rule; a key is a field that each event of the rule has"
                hint = f"write `per {'.'.join(map(str, rest))}`, or by type: `per {rest[-1]} = (TYPE.FIELD, …)`"
                self.report.error("CEP204", message, node.paths[0].span, hint)

    def _key(self, node: syntax.Key, reads: tuple[str | None, ...]) -> CheckedKey:
        scope = Scope("condition", "`per`")
        by_type: dict[str, tuple[str | int, ...]] = {}
        path = node.paths[0].parts
        if node.by_type:
            path = (node.name,)
        if node.by_type and reads:
            for each in node.paths:
                name = self._type_of_path(each, reads)
                if name is not None:
                    by_type[name] = each.parts[1:]
        kinds: list[Type] = []
        lacking: list[str] = []
        for event_type in dict.fromkeys(reads):
            parts = by_type.get(event_type or "", path)
            span = self._path_span(node, event_type)
            place = syntax.Name("", span=span)
            found = self.context.types.find((event_type,), str(parts[0]))
            if not found.anywhere:
                lacking.append(str(event_type))
                kinds.append(ANY)
            else:
                kinds.append(self.expressions.path((event_type,), parts, place, scope))
        if lacking:
            self._no_key(node, lacking, by_type, reads)
        kind = self._common(node, kinds)
        return CheckedKey(
            node.name, path, by_type, node.optional, kind.or_null() if node.optional else kind, span=node.span
        )

    @staticmethod
    def _path_span(node: syntax.Key, event_type: str | None) -> Span:
        for path in node.paths:
            if not node.by_type or path.parts[0] == event_type:
                return path.span
        return node.span

    def _common(self, node: syntax.Key, kinds: list[Type]) -> Type:
        known = [kind for kind in kinds if kind != ANY]
        kind = unified(known).not_null() if known else ANY
        if kind == ANY and len(known) > 1 and len({k.not_null() for k in known}) > 1:
            names = listed(list(dict.fromkeys(str(k.not_null()) for k in known)))
            message = f"the key `{node.name}` is of different types, {names}, which are never equal"
            self.report.error("CEP301", message, node.span, "name a field of one type for each event type")
        return kind if len(known) == len(kinds) else ANY

    def _no_key(
        self,
        node: syntax.Key,
        lacking: list[str],
        by_type: dict[str, tuple[str | int, ...]],
        reads: tuple[str | None, ...],
    ) -> None:
        """One finding for all event types that do not have the key, with the name that it may have there."""
        first = lacking[0]
        name = str(by_type.get(first, node.paths[0].parts if not node.by_type else (node.name,))[0])
        near = closest(name, self.context.types.field_names(lacking))
        message = f"no field `{name}` in {listed(lacking, 'or')}, so it cannot be a key"
        hint = did_you_mean(near)
        if len(lacking) < len(set(reads)) and not node.by_type:
            hint = f"where it has another name write `per {name} = ({first}.{near or 'FIELD'})`"
        self.report.error("CEP204", message, self._path_span(node, first), hint)

    def _type_of_path(self, path: syntax.Path, reads: tuple[str | None, ...]) -> str | None:
        name = str(path.parts[0])
        known = [event_type for event_type in reads if event_type is not None]
        if name not in known:
            message = f"the rule reads no events of type `{name}`"
            hint = did_you_mean(closest(name, known)) or f"it reads {listed(list(dict.fromkeys(known)))}"
            self.report.error("CEP203", message, path.span, hint)
            return None
        if len(path.parts) < 2:
            message = f"behind the type `{name}` its field is missing"
            self.report.error("CEP204", message, path.span, f"write `{name}.FIELD`")
            return None
        return name

    def _at_most(self, rule: syntax.Rule, reads: tuple[str | None, ...]) -> CheckedAtMost | None:
        node = rule.at_most
        if node is None:
            return None
        value = self.expressions.check(node.every, Scope("constant", "a duration"))
        every = duration_us(self.report, value, "the time of `at most`")
        keys = self._keys(rule, node.per, reads) if node.per else None
        return CheckedAtMost(node.count, every or 1, keys, span=node.span)

    def _severity(self, rule: syntax.Rule) -> str | None:
        given = rule.severity
        if given is not None and given not in SEVERITIES:
            near = OTHER_SEVERITIES.get(given.lower()) or closest(given, SEVERITIES)
            hint = did_you_mean(near) or f"there are {listed(list(SEVERITIES))}"
            span = rule.clause_spans.get("severity", rule.span)
            fix = renamed(given, SEVERITIES, span.last(len(given)))
            self.report.error("CEP218", f"there is no severity `{given}`", span, hint, fix=fix)
        return given

    def _meta(self, rule: syntax.Rule) -> tuple[tuple[str, object], ...]:
        found: list[tuple[str, object]] = []
        for node in rule.meta:
            value = self.expressions.check(node.value, Scope("constant", f"`meta {node.name}`"))
            folded = constant(self.report, value, f"`meta {node.name}`")
            if folded is not None:
                found.append((node.name, folded.value))
        return tuple(found)


def _reads_unknown(rule: syntax.Rule) -> bool:
    """Whether the types that it reads could not be read."""
    return rule.pattern is None and rule.input is None


def _conjuncts(node: syntax.Expression | None) -> Iterator[syntax.Expression]:
    """The parts of a condition between its top-level ``and``, in the order written."""
    parts: list[syntax.Expression] = []
    while isinstance(node, syntax.Binary) and node.operator == "and":
        parts.append(node.right)
        node = node.left
    if node is not None:
        parts.append(node)
    for part in reversed(parts):
        if isinstance(part, syntax.Binary) and part.operator == "and":
            yield from _conjuncts(part)
        else:
            yield part


def _given_names(node: object) -> Iterator[str]:
    """The names that a rule gives to events with ``as``, and those of its tables."""
    if isinstance(node, syntax.Named | syntax.Source) and node.name is not None:
        yield node.name
    elif isinstance(node, syntax.Lookup):
        yield node.table
    if dataclasses.is_dataclass(node):
        for field in dataclasses.fields(node):
            if field.name != "span":
                yield from _given_names(getattr(node, field.name))
    elif isinstance(node, tuple):
        for item in node:
            yield from _given_names(item)


def _steps_read(node: object, order: list[str]) -> Iterator[str]:
    """The steps that a checked condition reads; what is over the whole match reads all of them."""
    match node:
        case StepEvent(step=step) | StepEventAt(step=step) | StepValues(step=step):
            yield step
        case Aggregate(step=str(step)):
            yield step
        case Aggregate() | EdgeEvent():
            yield from order
    if dataclasses.is_dataclass(node):
        for field in dataclasses.fields(node):
            if field.name not in ("span", "type"):
                yield from _steps_read(getattr(node, field.name), order)
    elif isinstance(node, tuple):
        for item in node:
            yield from _steps_read(item, order)
