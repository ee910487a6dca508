"""``cep run`` with tables: read at the start, told in the summary, and what is said when they cannot be read."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.command import invoke, objects, write_lines

RULES = """event Payment { card: string, amount: float, at: timestamp } time at
table cards from "cards.csv" key number
rule over_limit
  from Payment lookup cards on card == cards.number
  when amount > cards.limit
  emit OverLimit(card, owner = cards.owner)
"""


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    path = tmp_path / "rules" / "limits.cep"
    path.parent.mkdir()
    path.write_text(RULES)
    return path


@pytest.fixture
def events(tmp_path: Path) -> Path:
    payments = [
        {"type": "Payment", "at": f"2026-01-01T00:00:0{number}Z", "card": card, "amount": 60}
        for number, card in enumerate(["007", "7", "8"])
    ]
    return write_lines(tmp_path / "payments.jsonl", payments)


def write(rules: Path, text: str) -> None:
    (rules.parent / "cards.csv").write_text(text)


def test_a_table_is_read_from_the_folder_of_the_rules(rules: Path, events: Path) -> None:
    write(rules, "number,limit,owner\n007,50,ann\n7,70,bob\n")
    done = invoke("run", rules.parent, "-s", events)
    assert done.exit_code == 0
    assert [(each["card"], each["owner"]) for each in objects(done.stdout)] == [("007", "ann")]
    assert "  tables       cards: 2 rows\n" in done.stderr


def test_the_summary_as_json(rules: Path, events: Path) -> None:
    write(rules, "number,limit,ownr\n007,50,ann\n")
    done = invoke("run", rules, "-s", events, "--json")
    told = json.loads(done.stderr)
    [table] = told["tables"]
    assert (table["name"], table["rows"], table["changes"], table["lacks"]) == ("cards", 1, 0, ["owner"])
    assert told["warnings"] == ["the table `cards` has no column `owner`, which rules read; did you mean `ownr`?"]


def test_a_table_that_is_not_there_ends_the_run_before_it_begins(rules: Path, events: Path) -> None:
    done = invoke("run", rules, "-s", events)
    assert (done.exit_code, done.stdout) == (3, "")
    assert "error[CEP520]: the table `cards`: there is no file" in done.stderr
    assert "limits.cep:2:1" in done.stderr
    done = invoke("run", rules, "-s", events, "--json")
    assert done.exit_code == 3
    assert [each["code"] for each in json.loads(done.stderr)["diagnostics"]] == ["CEP520"]


def test_a_table_with_two_rows_of_one_key(rules: Path, events: Path) -> None:
    write(rules, "number,limit,owner\n7,50,ann\n7,60,ann\n")
    done = invoke("run", rules, "-s", events, "-q")
    assert done.exit_code == 3
    assert "error[CEP523]: the table `cards`: rows 1 and 2 have the same key: number = '7'" in done.stderr
