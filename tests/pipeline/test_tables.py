"""Tables that the pipeline reads: at the start, again when their files change, and what the summary says."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import cep
from cep.connectors.protocols import Partition
from cep.errors import TableError
from cep.event import Batch
from cep.projection import Projection

RULES = """
table cards from "data/cards.csv" key number
rule r from Payment lookup cards on card == cards.number emit Seen(card, owner = cards.owner)
"""


class Steps:
    """A source whose batches are preceded by something that happens."""

    name = "steps"
    source = "steps"
    partition = ""
    live = False
    size = None
    position = 0

    def __init__(self, *steps: tuple[Callable[[], object], list[dict[str, Any]]]) -> None:
        self._steps = list(steps)

    def partitions(self, projection: Projection) -> list[Partition]:
        self._projection = projection
        return [self]

    def next_batch(self) -> Batch | None:
        if not self._steps:
            return None
        happen, records = self._steps.pop(0)
        happen()
        first = self.position + 1
        self.position += len(records)
        events = [self._projection.take(record) for record in records]
        return Batch("steps", "", events, range(first, first + len(records)))

    def close(self) -> None:
        pass


def pay(card: int, second: int = 0) -> dict[str, Any]:
    return {"type": "Payment", "time": f"2026-01-01T00:00:{second:02}Z", "card": card}


def nothing() -> None:
    pass


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    path = tmp_path / "rules.cep"
    path.write_text(RULES)
    write(path, "number,owner\n1,ann\n")
    return path


def write(rules: Path, text: str) -> None:
    path = rules.parent / "data" / "cards.csv"
    path.parent.mkdir(exist_ok=True)
    stamp = path.stat().st_mtime_ns if path.exists() else 0
    path.write_text(text)
    os.utime(path, ns=(stamp + 1, stamp + 1))


def run(engine: cep.Engine, source: Steps, **options: Any) -> tuple[list[Any], cep.Summary]:
    sink = cep.MemorySink()
    summary = cep.Pipeline(engine, [source], [sink], **{"reread_s": 0.0, **options}).run()
    return [derived.fields["owner"] for derived in sink.events], summary


def test_a_path_starts_at_the_folder_of_the_rule_file(rules: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(rules.parent.parent)
    owners, summary = run(cep.Engine.from_rules(rules), Steps((nothing, [pay(1), pay(2)])))
    assert owners == ["ann", None]
    [state] = summary.tables
    assert (state.name, state.rows, state.changes, state.failed) == ("cards", 1, 0, None)


def test_a_file_that_changes_is_read_again_without_stopping(rules: Path) -> None:
    steps = Steps(
        (nothing, [pay(1, 0)]),
        (lambda: write(rules, "number,owner\n1,bob\n"), [pay(1, 1)]),
        (lambda: write(rules, "number,owner\n1,bob\n2,eve\n"), [pay(1, 2), pay(2, 2)]),
    )
    owners, summary = run(cep.Engine.from_rules(rules), steps)
    assert owners == ["ann", "bob", "bob", "eve"]
    assert (summary.tables[0].rows, summary.tables[0].changes) == (2, 2)


def test_what_cannot_be_read_again_leaves_the_rows_as_they_are(rules: Path) -> None:
    steps = Steps(
        (nothing, [pay(1, 0)]),
        (lambda: write(rules, "number,owner\n1,bob\n1,eve\n"), [pay(1, 1)]),
    )
    owners, summary = run(cep.Engine.from_rules(rules), steps)
    assert owners == ["ann", "ann"]
    assert summary.tables[0].failed == "rows 1 and 2 have the same key: number = 1"
    good = Steps((nothing, []), (lambda: write(rules, "number,owner\n1,eve\n"), [pay(1, 1)]))
    write(rules, "number,owner\n1,bob\n")
    owners, summary = run(cep.Engine.from_rules(rules), good)
    assert owners == ["eve"]
    assert summary.tables[0].failed is None


def test_columns_that_rules_read_and_no_row_has(rules: Path) -> None:
    write(rules, "number,ownr\n1,bob\n")
    owners, summary = run(cep.Engine.from_rules(rules), Steps((nothing, [pay(1)])))
    assert owners == [None]
    assert summary.tables[0].lacks == ["owner"]
    write(rules, "number,owner\n1,\n")
    owners, summary = run(cep.Engine.from_rules(rules), Steps((nothing, [pay(1)])))
    assert owners == [None]
    assert summary.tables[0].lacks == []


def test_files_are_looked_at_once_a_second_at_most(rules: Path) -> None:
    steps = Steps((nothing, [pay(1, 0)]), (lambda: write(rules, "number,owner\n1,bob\n"), [pay(1, 1)]))
    owners, _ = run(cep.Engine.from_rules(rules), steps, reread_s=3600.0)
    assert owners == ["ann", "ann"]
    steps = Steps((lambda: write(rules, "number,owner\n1,eve\n"), [pay(1, 1)]))
    assert run(cep.Engine.from_rules(rules), steps, reread_s=None)[0] == ["bob"]


def test_tables_that_the_application_gives_are_not_read(rules: Path) -> None:
    engine = cep.Engine.from_rules(rules, tables={"cards": [{"number": 1, "owner": "given"}]})
    owners, summary = run(engine, Steps((nothing, [pay(1)])))
    assert owners == ["given"]
    assert summary.tables == []


def test_an_engine_that_goes_on_reads_its_tables_again(rules: Path) -> None:
    first = cep.Engine.from_rules(rules)
    run(first, Steps((nothing, [pay(1, 0)])))
    write(rules, "number,owner\n1,bob\n")
    second = cep.Engine.from_rules(rules)
    second.restore(first.snapshot())
    owners, summary = run(second, Steps((nothing, []), (nothing, [pay(1, 1)])))
    assert owners == ["bob"]
    assert summary.tables[0].changes == 1


def test_all_tables_that_cannot_be_read_are_told_with_their_declarations(tmp_path: Path) -> None:
    path = tmp_path / "r.cep"
    path.write_text(
        'table one from "one.csv" key id\n'
        'table two from "two.csv" key id\n'
        "rule r from A lookup one on x == one.id lookup two on x == two.id emit X()\n"
    )
    (tmp_path / "two.csv").write_text("nr\n1\n")
    with pytest.raises(TableError) as caught:
        run(cep.Engine.from_rules(path), Steps())
    found = [(each.code, each.span.line) for each in caught.value.diagnostics]
    assert found == [("CEP520", 1), ("CEP522", 2)]
    assert caught.value.diagnostics[0].hint == "a relative path starts at the folder of the rule file"
    assert "the table `two`: there is no key column `id`; the columns are `nr`" in str(caught.value)
