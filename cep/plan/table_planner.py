"""Which tables the rules read, and which of their columns. Plan layer."""

from __future__ import annotations

from collections.abc import Iterable

from cep.language.checked import CheckedLookup, CheckedRule, Expectation, RuleSet
from cep.plan.plan import TablePlan
from cep.plan.walk import walk

_TEXT = frozenset({"string", "ip"})


class TableUses:
    """The tables of the rules that run, noted while they are planned."""

    def __init__(self, rules: RuleSet) -> None:
        self._declared = rules.tables
        self._columns: dict[str, dict[str, None]] = {}
        self._compared: dict[tuple[str, str], set[str]] = {}

    def of_rule(self, rule: CheckedRule) -> None:
        """Note the tables that a rule reads."""
        for join in rule.joins:
            if isinstance(join, CheckedLookup):
                self._columns.setdefault(join.table, {})
        for node in walk(rule.pattern):
            if isinstance(node, Expectation):
                self._columns.setdefault(node.table, {})
                for column, key in zip(self._declared[node.table].key, rule.keys, strict=False):
                    self.compare(node.table, column, key.type.name)

    def read(self, table: str, columns: Iterable[str]) -> None:
        """Note columns that a rule reads."""
        self._columns.setdefault(table, {}).update(dict.fromkeys(columns))

    def compare(self, table: str, column: str, kind: str) -> None:
        """Note what type a column is compared with: where it is always text, the column is text."""
        self._compared.setdefault((table, column), set()).add(kind)

    def plans(self) -> dict[str, TablePlan]:
        """The tables that are read, in the order of their declaration."""
        return {name: self._plan(name) for name in self._declared if name in self._columns}

    @property
    def others(self) -> tuple[str, ...]:
        """The tables that are declared and not read."""
        return tuple(name for name in self._declared if name not in self._columns)

    def _plan(self, name: str) -> TablePlan:
        declared = self._declared[name]
        columns = tuple(column for column in self._columns[name] if column not in declared.key)
        text = frozenset(
            column for (table, column), kinds in self._compared.items() if table == name and kinds <= _TEXT
        )
        return TablePlan(name, declared.path, declared.key, columns, text, declared.span)
