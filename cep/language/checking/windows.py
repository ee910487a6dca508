"""Rules over windows: inputs, joins, look-ups, the window and when it fires (LANGUAGE section 4). Language layer."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from cep.diagnostics import Span, did_you_mean
from cep.language import syntax
from cep.language.checked import (
    Aggregate,
    Binary,
    CheckedFiring,
    CheckedJoin,
    CheckedLookup,
    CheckedWindow,
    Constant,
    Expression,
    Step,
)
from cep.language.checking.namespace import Namespace, snake_case
from cep.language.checking.phrases import PhraseResolver
from cep.language.expressions.constants import duration_us
from cep.language.expressions.scope import Scope, StepInfo
from cep.language.words import closest
from cep.timestamps import zone_of

CLOSING = frozenset({"tumbling", "hopping", "tumbling_count", "session", "calendar"})
"""Windows that close: they are evaluated once, at their end."""


class WindowChecker:
    """Checks what is particular to rules over windows; one for all rules."""

    def __init__(self, phrases: PhraseResolver, namespace: Namespace) -> None:
        self.phrases = phrases
        self.expressions = phrases.expressions
        self.report = phrases.report
        self.namespace = namespace

    # ---- inputs ----

    def inputs(self, node: syntax.Input) -> tuple[Step, tuple[CheckedJoin | CheckedLookup, ...], dict[str, StepInfo]]:
        """The input, what is joined to it, and all of them as steps for expressions."""
        joined = any(isinstance(join, syntax.Join) for join in node.joins)
        infos: dict[str, StepInfo] = {}
        first = self._source(node.source, infos, is_candidate=not joined)
        joins: list[CheckedJoin | CheckedLookup] = []
        for join in node.joins:
            checked = self._join(join, infos, joined)
            if checked is not None:
                joins.append(checked)
        return first, tuple(joins), infos

    def _source(
        self, node: syntax.Source, infos: dict[str, StepInfo], is_candidate: bool, optional: bool = False
    ) -> Step:
        label = node.name or self.phrases.label(node.events[0])
        name = self._name(node.name or snake_case(label), node.name is None, infos, node.span)
        scope = Scope("condition", f"the condition of `{label}`")
        alternatives = tuple(
            alternative for event in node.events for alternative in self.phrases.alternatives(event, scope)
        )
        types = tuple(dict.fromkeys(alternative.type for alternative in alternatives))
        infos[name] = StepInfo(
            name, types, optional=optional, automatic=node.name is None, is_candidate=is_candidate, span=node.span
        )
        return Step(name, label, alternatives, span=node.span)

    def _name(self, wanted: str, automatic: bool, infos: dict[str, StepInfo], span: Span) -> str:
        if wanted in infos:
            message = f"two inputs are called `{wanted}`"
            hint = f"name them with `as`, such as `as other_{wanted}`" if automatic else None
            hint = hint or "give one of them another name"
            related = ((infos[wanted].span, "the other is here"),)
            self.report.error("CEP207", message, span, hint, related)
        name, number = wanted, 2
        while name in infos:
            name, number = f"{wanted}_{number}", number + 1
        return name

    def _join(
        self, node: syntax.Join | syntax.Lookup, infos: dict[str, StepInfo], joined: bool
    ) -> CheckedJoin | CheckedLookup | None:
        if isinstance(node, syntax.Lookup):
            return self._lookup(node, infos, joined)
        step = self._source(node.source, infos, is_candidate=False, optional=node.left)
        on = self.expressions.condition(node.on, self._on_scope(infos, True), "the condition of `on`")
        length = duration_us(
            self.report,
            self.expressions.check(node.within, Scope("constant", "a duration")),
            "`within` of a join",
        )
        return CheckedJoin(step, on, length or 1, node.left, span=node.span)

    def _lookup(self, node: syntax.Lookup, infos: dict[str, StepInfo], joined: bool) -> CheckedLookup | None:
        tables = self.namespace.tables
        if node.table not in tables and node.table not in self.namespace.broken_tables:
            message = f"no table is called `{node.table}`"
            hint = did_you_mean(closest(node.table, tables))
            hint = hint or f'declare it: `table {node.table} from "PATH" key FIELD`'
            self.report.error("CEP215", message, node.span, hint)
        name = self._name(node.table, False, infos, node.span)
        infos[name] = StepInfo(name, (None,), is_row=True, span=node.span)
        scope = self._on_scope(infos, joined)
        on = self.expressions.condition(node.on, scope, "the condition of `on`")
        return CheckedLookup(node.table, on, span=node.span)

    @staticmethod
    def _on_scope(infos: dict[str, StepInfo], joined: bool) -> Scope:
        candidate = () if joined else next(iter(infos.values())).types
        return Scope("window", "`on`", candidate, dict(infos), joined=joined)

    # ---- the window ----

    def window(self, node: syntax.Window) -> CheckedWindow | None:
        """The window of a rule or of an aggregate."""
        event = None
        if node.event is not None:
            event = self._since(node.event)
        checked = CheckedWindow(
            node.kind,
            self._length(node.duration, "the length of the window"),
            node.count,
            self._length(node.step, "the step of the window"),
            self._length(node.maximum, "the longest session"),
            node.unit,
            node.zone,
            event,
            node.partial,
            span=node.span,
        )
        self._check_zone(node)
        if checked.maximum_us and checked.duration_us and checked.maximum_us < checked.duration_us:
            message = "the longest session is shorter than the gap that ends one"
            hint = "write the gap first: `session of 30 minutes up to 4 hours`"
            self.report.error("CEP419", message, node.span, hint)
        return checked

    def _since(self, event: syntax.EventPhrase) -> Step:
        label = self.phrases.label(event)
        scope = Scope("condition", f"the condition of `{label}`")
        alternatives = self.phrases.alternatives(event, scope)
        return Step(snake_case(label), label, alternatives, span=event.span)

    def _length(self, node: syntax.Duration | None, what: str) -> int | None:
        if node is None:
            return None
        value = self.expressions.check(node, Scope("constant", "a duration"))
        return duration_us(self.report, value, what)

    def _check_zone(self, node: syntax.Window) -> None:
        if node.zone is None:
            return
        try:
            zone_of(node.zone)
        except ValueError:
            from zoneinfo import available_timezones

            hint = did_you_mean(closest(node.zone, available_timezones()))
            hint = hint or "write a name such as `Europe/Berlin`"
            self.report.error("CEP420", f"there is no time zone `{node.zone}`", node.span, hint)

    # ---- scopes ----

    def scope(self, infos: dict[str, StepInfo], window: syntax.Window | None) -> Scope:
        """What names mean in ``when``; the scopes of the other clauses are made from it."""
        joined = not any(info.is_candidate for info in infos.values())
        candidate = () if joined else next(i.types for i in infos.values() if i.is_candidate)
        return Scope(
            "window",
            "`when`",
            candidate,
            infos,
            aggregates="own" if window is None else "all",
            edges=window is not None and not joined,
            previous=not joined,
            windowed=window is not None,
            crosses=True,
            own_windows=True,
            joined=joined,
        )

    @staticmethod
    def filter_scope(scope: Scope) -> Scope:
        """What names mean in ``where``, which looks at one event (or pair) before it enters the window."""
        return replace(scope, place="`where`", aggregates="none", edges=False, windowed=False, crosses=False)

    # ---- firing ----

    def firing(self, node: syntax.Firing | None, window: syntax.Window | None) -> CheckedFiring:
        """When the rule fires."""
        if node is None:
            return CheckedFiring()
        if window is not None and window.kind in CLOSING and node.kind != "every_time":
            message = "a window that closes is evaluated once, so there is nothing to count or wait for"
            self.report.error("CEP412", message, node.span, "use `at most N every D` to hold alerts back")
        length = None
        if node.duration is not None:
            value = self.expressions.check(node.duration, Scope("constant", "a duration"))
            length = duration_us(self.report, value, "`while true every`")
        return CheckedFiring(node.kind, node.count, length, span=node.span)

    def warn_of_empty(self, when: Expression | None) -> None:
        """``count() == 0`` never holds: a window without events does not exist."""
        for node in _comparisons(when):
            for one, other, operator in (
                (node.left, node.right, node.operator),
                (node.right, node.left, _TURNED.get(node.operator, "")),
            ):
                counts = isinstance(one, Aggregate) and one.function == "count" and one.where is None
                if counts and isinstance(other, Constant) and (operator, other.value) in _EMPTY:
                    message = "this never holds: a window without events does not exist"
                    hint = "for silence write `when no … for 10 minutes`, or `expect … from TABLE`"
                    self.report.warning("CEP414", message, node.span, hint)


_EMPTY = {("==", 0), ("<", 1), ("<=", 0)}
_TURNED = {"==": "==", ">": "<", ">=": "<="}


def _comparisons(node: Expression | None) -> Iterator[Binary]:
    if isinstance(node, Binary):
        if node.operator in ("and", "or"):
            yield from _comparisons(node.left)
            yield from _comparisons(node.right)
        else:
            yield node
