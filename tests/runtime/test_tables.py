"""Tables as the engine holds them: checked rows, indexes, changes at their time, and what operators are told."""

from __future__ import annotations

from typing import Any

import pytest

import cep
from cep.plan.compiling import compile_rules
from cep.plan.plan import Plan, TablePlan
from cep.runtime.tables import TableChange, Tables
from cep.runtime.timers import Timers
from cep.tables import TableFault, table_rows
from tests.specification.scenario import ZERO_US, moment

SECOND = 1_000_000


def fault(rows: list[dict[str, Any]], key: tuple[str, ...] = ("id",)) -> str:
    with pytest.raises(TableFault) as caught:
        table_rows(rows, key)
    return f"{caught.value.code} {caught.value.reason}"


def test_a_table_needs_its_key_columns_and_one_row_for_each_key() -> None:
    assert fault([{"a": 1, "b": 2}]) == "CEP522 there is no key column `id`; the columns are `a`, `b`"
    assert fault([{"id": 1}, {"id": 2}, {"id": 1.0}]) == "CEP523 rows 1 and 3 have the same key: id = 1.0"
    assert fault([{"id": 1}, {"x": 2}]) == "CEP524 row 2 has no value in its key column `id`"
    assert fault([{"id": [1]}]) == "CEP525 row 1: a list or a map in `id` is no key"
    assert fault([{"id": 1, "x": {1}}]) == "CEP525 row 1: no event can hold set"
    assert fault([{"id": 1, "valid_from": "soon"}]).startswith("CEP525 row 1: `valid_from`: 'soon' is no ISO 8601")


def test_keys_of_several_columns_and_of_unlike_kinds() -> None:
    assert len(table_rows([{"a": 1, "b": 1}, {"a": 1, "b": 2}], ("a", "b")).rows) == 2
    assert len(table_rows([{"id": 1}, {"id": "1"}, {"id": True}], ("id",)).rows) == 3
    assert table_rows([], ("id",)).rows == ()


def test_rows_of_one_key_may_be_versions_of_one_another() -> None:
    rows = [{"id": 1, "valid_from": "2026-01-01T00:00:00Z"}, {"id": 1}]
    assert table_rows(rows, ("id",)).versioned
    assert fault([*rows, {"id": 1}]) == "CEP523 rows 2 and 3 have the same key: id = 1"
    assert not table_rows([{"id": 1, "valid_from": 5}], ("id", "valid_from")).versioned


def test_only_what_rules_read_makes_a_difference() -> None:
    one, other = ([{"id": 1, "limit": 5, "note": note}] for note in ("a", "b"))
    assert table_rows(one, ("id",), ["limit"]).digest == table_rows(other, ("id",), ["limit"]).digest
    assert table_rows(one, ("id",), ["note"]).digest != table_rows(other, ("id",), ["note"]).digest


def tables(**plans: TablePlan) -> Tables:
    return Tables(plans, Timers(), None)


def test_an_index_follows_its_table() -> None:
    cards = tables(cards=TablePlan("cards", "", ("nr",), ("owner",)))
    index = cards.index("cards", ("owner",))
    cards.begin_with("cards", cards.check("cards", [{"nr": 1, "owner": "a"}, {"nr": 2, "owner": "a"}, {"nr": 3}]))
    by_key = index.by_key
    assert by_key == {"a": [{"nr": 1, "owner": "a"}, {"nr": 2, "owner": "a"}]}
    cards.begin_with("cards", cards.check("cards", [{"nr": 2, "owner": "b"}]))
    assert by_key == {"b": [{"nr": 2, "owner": "b"}]}
    assert cards.keys("cards") == [(2,)]


def test_the_row_that_counts_at_a_time() -> None:
    rates = tables(rates=TablePlan("rates", "", ("id",), ("rate",)))
    rows = [{"id": 1, "rate": 1}, {"id": 1, "rate": 3, "valid_from": 20}, {"id": 1, "rate": 2, "valid_from": 10}]
    rates.begin_with("rates", rates.check("rates", rows))
    index = rates.index("rates", ("id",))

    def valid(second: int) -> list[int]:
        return [row["rate"] for row in index.by_key[1] if index.is_valid(row, second * SECOND)]

    assert [valid(second) for second in (0, 9, 10, 19, 20, 99)] == [[1], [1], [2], [2], [3], [3]]


# ---- in an engine ----

RULES = 'table hosts from "hosts.csv" key host\nrule r when Heartbeat emit Seen()'


class Told:
    """Stands in for an operator that asks for a table."""

    def __init__(self, engine: cep.Engine) -> None:
        self.begun: list[int] = []
        self.changes: list[TableChange] = []
        self.events: list[str] = []
        operator = engine._graph.operators[0]
        operator.tables = ("hosts",)
        operator.begin = self.begun.append  # type: ignore[method-assign]
        operator.table_changed = self.changes.append  # type: ignore[method-assign]


def plan_with_table() -> Plan:
    from dataclasses import replace

    plan = compile_rules(RULES).plan
    assert plan is not None
    assert plan.other_tables == ("hosts",)
    return replace(plan, tables={"hosts": TablePlan("hosts", "hosts.csv", ("host",))})


def engine_with(*hosts: str, **options: Any) -> tuple[cep.Engine, Told]:
    engine = cep.Engine(plan_with_table(), cep.Options(**options))
    engine.set_table("hosts", [{"host": host} for host in hosts])
    return engine, Told(engine)


def beat(second: int, kind: str = "Heartbeat") -> dict[str, Any]:
    return {"type": kind, "time": moment(second)}


def test_operators_are_told_of_the_first_event_whatever_its_type() -> None:
    engine, told = engine_with("a", "b")
    engine.push(beat(5, "Other"))
    engine.push(beat(6))
    assert told.begun == [ZERO_US + 5 * SECOND]
    assert engine.tables.keys("hosts") == [("a",), ("b",)]


def test_the_first_event_is_the_first_that_is_released_not_the_first_to_arrive() -> None:
    engine, told = engine_with("a", lateness_us=10 * SECOND)
    engine.push(beat(9))
    engine.push(beat(4, "Other"))
    engine.push(beat(6))
    assert told.begun == []
    engine.push(beat(30))
    assert told.begun == [ZERO_US + 4 * SECOND]


def test_the_fast_way_in_tells_it_too() -> None:
    from tests.specification.scenario import push_batches

    engine, told = engine_with("a")
    push_batches(engine, [beat(3, "Other"), beat(4), beat(5)], 3)
    assert told.begun == [ZERO_US + 3 * SECOND]


def test_time_that_passes_without_events_begins_nothing() -> None:
    engine, told = engine_with("a")
    engine.advance(ZERO_US)
    assert told.begun == []
    engine.push(beat(1))
    assert told.begun == [ZERO_US + SECOND]


def test_a_change_comes_right_after_what_time_has_reached() -> None:
    engine, told = engine_with("a", "b")
    engine.push(beat(5))
    assert engine.set_table("hosts", [{"host": "b"}, {"host": "c"}]) == ZERO_US + 5 * SECOND + 1
    engine.push(beat(5))
    assert told.changes == []
    engine.push(beat(6))
    assert told.changes == [TableChange("hosts", (("c",),), (("a",),), ZERO_US + 5 * SECOND + 1)]
    assert engine.counters.table_changes == {"hosts": 1}


def test_equal_rows_are_no_change() -> None:
    engine, _ = engine_with("a")
    engine.push(beat(5))
    assert engine.set_table("hosts", [{"host": "a", "note": "not read"}]) is None
    assert engine.set_table("hosts", [{"host": "b"}]) is not None
    assert engine.set_table("hosts", [{"host": "b"}]) is None
    assert engine.set_table("hosts", [{"host": "a"}]) is not None


def test_a_change_with_a_time_of_its_own_waits_for_it() -> None:
    engine, told = engine_with("a")
    engine.push(beat(5))
    engine.set_table("hosts", [{"host": "b"}], at=ZERO_US + 7 * SECOND)
    engine.push(beat(6))
    assert engine.tables.keys("hosts") == [("a",)]
    engine.advance(ZERO_US + 7 * SECOND)
    assert engine.tables.keys("hosts") == [("b",)]
    assert [change.at_us for change in told.changes] == [ZERO_US + 7 * SECOND]
    with pytest.raises(cep.UsageError, match="time is past that"):
        engine.set_table("hosts", [{"host": "c"}], at=ZERO_US + 7 * SECOND)


def test_before_the_first_event_rows_are_there_from_the_beginning() -> None:
    engine, told = engine_with("a")
    assert engine.set_table("hosts", [{"host": "b"}]) is None
    engine.push(beat(1))
    assert engine.tables.keys("hosts") == [("b",)]
    assert told.changes == []


def test_a_snapshot_holds_the_rows_in_force_and_those_that_wait() -> None:
    engine, _ = engine_with("a")
    engine.push(beat(5))
    engine.set_table("hosts", [{"host": True}, {"host": 2}], at=ZERO_US + 9 * SECOND)
    restored = cep.Engine(plan_with_table())
    restored.restore(engine.snapshot())
    told = Told(restored)
    restored.push(beat(8), position=9)
    assert restored.tables.keys("hosts") == [("a",)]
    restored.push(beat(9), position=10)
    assert [len(change.added) for change in told.changes] == [2]
    assert told.begun == []
    assert restored.counters.table_changes == {"hosts": 1}
    assert engine.snapshot() != restored.snapshot()


def test_rules_do_not_run_without_the_tables_they_read() -> None:
    engine = cep.Engine(plan_with_table())
    with pytest.raises(cep.UsageError, match="without rows: `hosts`"):
        engine.push(beat(1))
    with pytest.raises(cep.UsageError, match="did you mean `hosts`"):
        engine.set_table("host", [])
    engine.set_table("hosts", [])
    engine.push(beat(1))


def test_a_table_that_no_rule_reads_may_be_given() -> None:
    engine = cep.Engine.from_rules(RULES, tables={"hosts": [{"host": "a"}]})
    assert engine.plan.tables == {}
    engine.push(beat(1))
