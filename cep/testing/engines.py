"""The engine of a test: the rules that it names, and those that these read from. Testing layer.

Rules are planned once for all. A test runs on an engine of the rules it needs, with their part of that plan: rules are
independent (S9), so that the others could only cost time. The fields that are checked are those that any rule reads, so
that an event is refused in a test where a run would refuse it. An `any(…)` looks at the types of all rules: with one,
the engine has all of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from cep.connectors.tables import TableFile
from cep.engine import Engine
from cep.language import syntax
from cep.language.checked import CheckedEmit, CheckedKey, CheckedRule, Expression, RuleSet
from cep.plan.catalogue import ANY_TYPE
from cep.plan.generate.functions import Functions, KeyFunction, Reader
from cep.plan.intake import EventClock
from cep.plan.plan import LookupPlan, PatternPlan, Plan, RulePlan, TablePlan, TypePlan
from cep.projection import Projection
from cep.runtime.feed import Options
from cep.tables import VALID_FROM, TableFault

Rows = Sequence[Mapping[str, Any]]


class Engines:
    """Makes the engines for the tests of one set of rules."""

    def __init__(self, rules: RuleSet, plan: Plan) -> None:
        self.rules = rules
        self.plan = plan
        self.by_name = {rule.name: rule for rule in rules.rules}
        self._rule_plans = {rule.name: rule for rule in plan.rules}
        self._places = {rule.name: number for number, rule in enumerate(rules.rules)}
        self._of_file: dict[str, list[str]] = {}
        self._emitters: dict[str, list[CheckedRule]] = {}
        for rule in rules.rules:
            if not rule.disabled:
                self._of_file.setdefault(rule.span.file, []).append(rule.name)
            for emit in emits_of(rule):
                self._emitters.setdefault(emit.type, []).append(rule)
        self._plans: dict[tuple[frozenset[str], frozenset[str]], Plan] = {}
        self._functions: dict[int, SharedFunctions] = {}
        self._table_rows: dict[str, Rows] = {}

    def rules_of(self, test: syntax.RuleTest) -> tuple[str, ...]:
        """Those whose derived events it lists: the rules it names, else all of its file."""
        if test.rules:
            return tuple(dict.fromkeys(test.rules))
        return tuple(self._of_file.get(test.span.file, ()))

    def engine(self, test: syntax.RuleTest, names: Iterable[str]) -> Engine:
        """A new engine for the test, still without the rows of tables."""
        plan = self._plan(self._needed(names), _given_types(test))
        shared = self._functions.get(id(plan))
        if shared is None:
            shared = self._functions[id(plan)] = SharedFunctions()
        # A test gives a few events: what is made for many of them costs more than it saves.
        return Engine(plan, Options(specialised=False), compiler=shared)

    def table_rows(self, plan: TablePlan) -> Rows:
        """The rows of a table's file; read once.

        Raises:
            TableFault: the file cannot be read, or is no table.
            MissingExtra: a package is needed that is not installed.
        """
        if plan.name not in self._table_rows:
            columns = {*plan.key, *plan.columns, VALID_FROM}
            file = TableFile(plan.path, folder_of(plan.span.file), columns, plan.text)
            self._table_rows[plan.name] = file.read()
        return self._table_rows[plan.name]

    def tables_of(self, rule: str) -> Mapping[str, TablePlan]:
        """The tables that a rule, or one that it reads from, looks into."""
        return self._plan(self._needed([rule]), frozenset()).tables

    def types_of(self, name: str, event_type: str) -> list[CheckedEmit]:
        """What a rule emits under a type."""
        return [emit for emit in emits_of(self.by_name[name]) if emit.type == event_type]

    def _needed(self, names: Iterable[str]) -> frozenset[str]:
        """The rules themselves and, over any number of levels, those that emit what they read."""
        needed: set[str] = set()
        waiting = list(names)
        while waiting:
            rule = self.by_name[waiting.pop()]
            if rule.name in needed or rule.disabled:
                continue
            needed.add(rule.name)
            if None in rule.reads:
                return frozenset(each.name for each in self.rules.rules if not each.disabled)
            waiting += [each.name for kind in rule.reads for each in self._emitters.get(str(kind), ())]
        return frozenset(needed)

    def _plan(self, needed: frozenset[str], given: frozenset[str] | None) -> Plan:
        if len(needed) == len(self.plan.rules):
            return self.plan
        others = frozenset(self.plan.types if given is None else given & self.plan.types.keys())
        known = self._plans.get((needed, others))
        if known is None:
            known = self._plans[needed, others] = self._part(needed, others)
        return known

    def _part(self, needed: frozenset[str], others: frozenset[str]) -> Plan:
        """The plan of some of the rules: their part of the plan of all, conditions of other rules left out."""
        whole = self.plan
        chosen = [rule for name in sorted(needed, key=self._places.__getitem__) for rule in [self._rule_plans[name]]]
        masks: dict[str, int] = dict.fromkeys(others - {ANY_TYPE}, 0)
        for rule in chosen:
            for event_type, mask in rule.reads.items():
                masks[event_type] = masks.get(event_type, 0) | mask
        types = {name: _with_conditions(whole.types[name], mask) for name, mask in masks.items()}
        tables = {name for rule in chosen for name in _tables_read(rule)}
        return replace(
            whole,
            rules=tuple(replace(rule, number=number) for number, rule in enumerate(chosen)),
            types=types,
            fields=tuple(sorted({name for kind in types.values() for name in kind.fields})),
            whole=any(_copies_events(rule) for rule in chosen),
            tables={name: table for name, table in whole.tables.items() if name in tables},
            other_tables=(*whole.other_tables, *(name for name in whole.tables if name not in tables)),
        )


def _with_conditions(kind: TypePlan, mask: int) -> TypePlan:
    """The type with the conditions of these bits; the others hold for every event, and nobody looks at them."""
    conditions: list[Expression | None] = [None] * len(kind.conditions)
    while mask:
        bit = mask.bit_length() - 1
        conditions[bit] = kind.conditions[bit]
        mask ^= 1 << bit
    return replace(kind, conditions=tuple(conditions))


def _tables_read(rule: RulePlan) -> Iterator[str]:
    """The tables that a rule looks into or expects from."""
    if rule.join is not None:
        yield from (stage.table for stage in rule.join.stages if isinstance(stage, LookupPlan))
    if isinstance(rule.operator, PatternPlan) and rule.operator.expected is not None:
        yield rule.operator.expected.table


def _copies_events(rule: RulePlan) -> bool:
    timeout = rule.operator.on_timeout if isinstance(rule.operator, PatternPlan) else None
    return rule.emit.star or (timeout is not None and timeout.star)


class SharedFunctions:
    """Makes the compiler of each engine of one plan, such that the functions of types and keys are generated once.

    They depend on the plan alone but for the arrival that stands in for a missing time, and tests have no arrivals.
    """

    def __init__(self) -> None:
        self._first: Functions | None = None
        self._made: dict[tuple[str, int, str], Any] = {}

    def __call__(self, projection: Projection, clock: EventClock) -> Functions:
        functions = Functions(projection, clock)
        if self._first is None:
            self._first = functions
        return _Sharing(projection, clock, self)

    def made(self, method: str, subject: Any, kind: str, make: Callable[[Functions], Any]) -> Any:
        """What was made of a part of the plan, which lives as long as the plan."""
        assert self._first is not None
        place = (method, id(subject), kind)
        if place not in self._made:
            self._made[place] = make(self._first)
        return self._made[place]


class _Sharing(Functions):
    """The functions of one engine, those of types and keys taken from what the engines share."""

    def __init__(self, projection: Projection, clock: EventClock, shared: SharedFunctions) -> None:
        super().__init__(projection, clock)
        self._shared = shared

    def reader(self, plan: TypePlan) -> Reader:
        reader: Reader = self._shared.made("reader", plan, "", lambda first: first.reader(plan))
        return reader

    def masker(self, plan: TypePlan) -> Reader:
        masker: Reader = self._shared.made("masker", plan, "", lambda first: first.masker(plan))
        return masker

    def key(self, keys: Sequence[CheckedKey], event_type: str) -> KeyFunction:
        key_of: KeyFunction = self._shared.made("key", keys, event_type, lambda first: first.key(keys, event_type))
        return key_of


def emits_of(rule: CheckedRule) -> list[CheckedEmit]:
    """What a rule emits: its matches, and those that ran out of time."""
    return [emit for emit in (rule.emit, rule.on_timeout) if emit is not None]


def folder_of(file: str) -> Path:
    """Where relative paths of a rule file start; of rules that are text, the working directory."""
    path = Path(file)
    return path.parent if path.is_file() else Path()


def _given_types(test: syntax.RuleTest) -> frozenset[str] | None:
    """The types of the events that it gives; null where files may hold any."""
    if any(isinstance(row, syntax.Fixture) for row in test.given):
        return None
    return frozenset(row.type for row in test.given if isinstance(row, syntax.TimedEvent))


__all__ = ["Engines", "TableFault", "emits_of", "folder_of"]
