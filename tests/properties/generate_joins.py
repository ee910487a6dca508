"""Random rules that join and look up, with tables, changes of tables, and streams that meet their bounds.

Built on :mod:`tests.properties.generate_rules`: the same event types and fields, times on a small grid.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from hypothesis import strategies as st

from cep.timestamps import SECOND_US, format_time
from tests.oracle.joins import BEGINNING, OracleTable
from tests.properties.generate_rules import (
    ZERO_US,
    Scenario,
    comparisons,
    firing,
    own_conditions,
    own_windows,
    seconds,
    small,
    streams,
    windows,
)

KEYS = {"cards": ("nr",), "zones": ("nr", "zone")}
TABLES = "".join(f'table {name} from "{name}.csv" key {", ".join(key)}\n' for name, key in KEYS.items())

Row = dict[str, Any]


@dataclass(frozen=True)
class JoinScenario(Scenario):
    """``tables`` are the rows at the beginning; ``changes`` give a table others from a time on."""

    tables: dict[str, list[Row]] = field(default_factory=dict)
    changes: list[tuple[int, str, list[Row]]] = field(default_factory=list)

    def __repr__(self) -> str:
        return f"{super().__repr__()}\ntables={self.tables}\nchanges={self.changes}"

    @property
    def oracle_tables(self) -> dict[str, OracleTable]:
        """The tables with all their changes."""
        return {
            name: OracleTable(
                KEYS[name],
                [(BEGINNING, rows), *((at_us, other) for at_us, table, other in self.changes if table == name)],
            )
            for name, rows in self.tables.items()
        }


def _often(draw: st.DrawFn, percent: int) -> bool:
    return draw(st.integers(0, 99)) >= 100 - percent


# ---- tables ----


@st.composite
def rows(draw: st.DrawFn, table: str) -> list[Row]:
    """Rows whose keys are told apart, now and then versions of one another."""
    versioned = _often(draw, 40)
    found: dict[tuple[Any, ...], Row] = {}
    for _ in range(draw(st.integers(0, 6))):
        row: Row = {"nr": draw(st.sampled_from([0, 1, 2, 3, 1.0, "1", True]))}
        row["zone"] = draw(st.sampled_from([1, 1, 2]))
        row["limit"] = draw(st.sampled_from([0, 1, 2, 3, None]))
        since = None
        if versioned and _often(draw, 60):
            since = row["valid_from"] = format_time(ZERO_US + draw(st.integers(0, 20)) * SECOND_US)
        own = tuple((isinstance(row[column], bool), row[column]) for column in KEYS[table])
        found[(*own, since)] = row
    return list(found.values())


@st.composite
def table_changes(draw: st.DrawFn) -> list[tuple[int, str, list[Row]]]:
    """At most two, in order."""
    changes = []
    at_us = ZERO_US
    for _ in range(draw(st.sampled_from([0, 0, 1, 2]))):
        at_us += draw(st.integers(1, 12)) * SECOND_US + draw(st.sampled_from([0, 0, 1]))
        table = draw(st.sampled_from(list(KEYS)))
        changes.append((at_us, table, draw(rows(table))))
    return changes


# ---- rules ----


def _value(draw: st.DrawFn, names: list[str]) -> str:
    return f"{draw(st.sampled_from(names))}.{draw(st.sampled_from('xyk'))}"


def _on_join(draw: st.DrawFn, before: list[str], own: str) -> str:
    other = draw(st.sampled_from(before))
    equalities = [f"{other}.k == {own}.k", f"{_value(draw, before)} == {own}.{draw(st.sampled_from('xyk'))}"]
    others = [
        f"{own}.x {draw(comparisons)} {_value(draw, before)}",
        f"{own}.y >= {draw(small)}",
        f"{_value(draw, before)} <= {draw(small)}",
        f"12 / {own}.x >= {_value(draw, before)}",
        f"{own}.x == {draw(small)}",
    ]
    parts = [draw(st.sampled_from([equalities[0], *equalities]))] if _often(draw, 85) else []
    if not parts or _often(draw, 35):
        parts.append(draw(st.sampled_from([*others, equalities[1]])))
    return " and ".join(draw(st.permutations(parts))) if parts else f"{own}.x is not null"


def _on_lookup(draw: st.DrawFn, before: list[str], bare: bool, table: str) -> str:
    def value() -> str:
        names = ["x", "y", "k"] if bare and _often(draw, 70) else []
        return draw(st.sampled_from(names)) if names else _value(draw, before)

    equal = [f"{value()} == {table}.{column}" for column in KEYS[table]]
    equal += [f"{table}.limit == {value()}", f"{table}.zone == 1"]
    others = [
        f"{table}.limit {draw(comparisons)} {value()}",
        f"12 / {value()} > {table}.limit",
        f"{table}.limit is null",
    ]
    wanted = draw(st.sampled_from([equal[:1], equal[: len(KEYS[table])], equal[:1], equal[-2:-1], []]))
    parts = [
        *wanted,
        *draw(st.lists(st.sampled_from([*others, *equal[-2:]]), max_size=1 if wanted else 2, unique=True)),
    ]
    return " and ".join(draw(st.permutations(parts))) if parts else f"{table}.nr == 1"


@st.composite
def join_rules(
    draw: st.DrawFn, name: str = "first", emitted: str = "Alert", types: tuple[str, ...] = ("A", "B", "C")
) -> str:
    """A rule with one to three joins and look-ups."""
    kinds = draw(st.lists(st.sampled_from(["join", "join", "left join", "lookup"]), min_size=1, max_size=3))
    joins = any("join" in kind for kind in kinds)
    used = draw(st.lists(st.sampled_from(types), min_size=2, max_size=2))
    first = draw(st.sampled_from(used))
    condition = f"({draw(own_conditions())})" if _often(draw, 10) else ""
    lines = [f"rule {name}", f"  from {first}{condition} as a"]
    inputs, tables = ["a"], list(draw(st.permutations(list(KEYS))))
    optional: list[str] = []
    for kind, own in zip(kinds, ("b", "c", "d"), strict=False):
        if kind == "lookup":
            if not tables:
                continue
            own = tables.pop()
            lines.append(f"    lookup {own} on {_on_lookup(draw, inputs, not joins, own)}")
            optional.append(own)
            continue
        condition = f"({draw(own_conditions())})" if _often(draw, 10) else ""
        on = _on_join(draw, inputs, own)
        lines.append(f"    {kind} {draw(st.sampled_from(used))}{condition} as {own} on {on} within {draw(seconds)}s")
        inputs.append(own)
    looked = [f"{table}.limit" for table in optional]
    values = [*(f"{own}.{column}" for own in inputs for column in "xy"), *looked]
    if not joins:
        values += ["x", "y"]
    if _often(draw, 30):
        lines.append(
            f"  where {draw(st.sampled_from(values))} {draw(comparisons)} {draw(st.sampled_from([*values, '1']))}"
        )
    if _often(draw, 50):
        lines.append(f"  per {draw(st.sampled_from(['k', 'k', 'k, j', 'k?']))}")
    windowed = _often(draw, 60)
    aggregates = [f"sum({draw(st.sampled_from(values))})", "count()", f"max({draw(st.sampled_from(values))})"]
    aggregates += [
        f"count({draw(st.sampled_from([*inputs, *optional]))})",
        f"distinct({draw(st.sampled_from(values))})",
    ]
    if windowed:
        window = draw(windows(tuple(used)).filter(lambda each: each.text is not None))
        lines.append(f"  over {window.text}")
        aggregates.append(f"sum({draw(st.sampled_from(values))} over {draw(own_windows(tuple(used)))})")
        aggregates += ["window.start", "window.end"]
        aggregates += [] if joins else ["first.x", "last.y", "first(a).y", "prev.x"]
        shown = [*aggregates[:3], aggregates[5], draw(st.sampled_from(values))]
        if _often(draw, 60):
            operator = draw(st.sampled_from(["<=", ">=", ">", "crosses above"]))
            lines.append(f"  when {draw(st.sampled_from(shown))} {operator} {draw(small)}{firing(draw, window)}")
        if _often(draw, 15):
            lines.append(f"  having {draw(st.sampled_from(shown))} >= {draw(small)}")
    elif _often(draw, 40):
        lines.append(
            f"  when {draw(st.sampled_from(values))} {draw(comparisons)} {draw(st.sampled_from([*values, '1']))}"
        )
    fields = [f"x = {draw(st.sampled_from(values))}", "y = a.y", "k = a.k", "j = a.j"]
    fields += [f"v{number} = {value}" for number, value in enumerate(values[:6])]
    if windowed:
        fields += [f"w{number} = {each}" for number, each in enumerate(aggregates)]
    star = "*, " if _often(draw, 10) else ""
    lines.append(f"  emit {emitted}({star}{', '.join(fields)})")
    if _often(draw, 10):
        lines.append(f"  at most 1 every {draw(seconds)}s")
    return "\n".join(lines) + "\n"


@st.composite
def join_scenarios(draw: st.DrawFn) -> JoinScenario:
    """One rule, or two of which the second reads what the first emits."""
    rules = TABLES + draw(join_rules())
    if _often(draw, 15):
        rules += draw(join_rules("second", "Report", ("Alert", "A", "B")))
    most = 20 if rules.count("join") < 2 else 12  # pairs of pairs are many
    return JoinScenario(
        rules,
        draw(streams([name for name in "ABC" if f" {name} " in rules or f" {name}(" in rules] or ["A"]))[:most],
        tables={name: draw(rows(name)) for name in KEYS},
        changes=draw(table_changes()),
    )


def measure(examples: int = 1_000) -> Counter[str]:
    """Of so many scenarios: how many derive something, use what."""
    from hypothesis import HealthCheck, Phase, given, settings

    from tests.oracle.engine import run
    from tests.oracle.rules import load
    from tests.properties.generate_rules import oracle_events

    counts: Counter[str] = Counter()

    @settings(
        max_examples=examples,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(join_scenarios())
    def count(scenario: JoinScenario) -> None:
        result = run(load(scenario.rules), oracle_events(scenario), "flush", tables=scenario.oracle_tables)
        kept = run(load(scenario.rules), oracle_events(scenario), "keep", tables=scenario.oracle_tables)
        counts["scenarios"] += 1
        counts["derive"] += bool(result.derived)
        counts["fail somewhere"] += bool(result.failed)
        counts["pending"] += bool(kept.pending)
        counts["derive with a row"] += any(
            value is not None for each in result.derived for name, value in each.fields.items() if name == "v4"
        )
        counts["several at once"] += len({each.time_us for each in result.derived}) < len(result.derived)
        for word in ("left join", " join", "lookup", "over last", "where", "Report"):
            if word in scenario.rules:
                counts[f"with {word.strip()}"] += 1
                counts[f"with {word.strip()}, derive"] += bool(result.derived)

    count()
    return counts


if __name__ == "__main__":
    for what, number in sorted(measure().items()):
        print(f"{number:6} {what}")
