"""The engine inside an application: the example programs, and that pushing events one by one finds the same."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.examples.running import EXAMPLES, RULES, objects, python

TABLES = {
    "iot": {"devices": [{"device": name} for name in ("press-1", "press-2", "oven-1", "oven-2", "freezer-1")]},
    "logistics": {
        "services": [{"name": "express", "days": 1}, {"name": "standard", "days": 3}, {"name": "economy", "days": 7}]
    },
}
DOMAINS = ["authentication", "payments", "iot", "orders", "logistics", "social"]


def pushed(domain: str, restart_every: int = 0) -> list[dict[str, Any]]:
    """Type, time and fields of what ``push`` returns for the lines of a domain's example."""
    from cep import Engine

    engine = Engine.from_rules(str(RULES / domain), tables=TABLES.get(domain))
    found = []
    for number, line in enumerate((EXAMPLES / domain / "events.jsonl").read_text("utf-8").splitlines(), 1):
        try:
            event = json.loads(line)
        except ValueError:
            continue
        found += [{"type": d.type, "time": d.time, **d.fields} for d in engine.push(event)]
        if restart_every and number % restart_every == 0:
            state = engine.snapshot()
            engine = Engine.from_rules(str(RULES / domain), tables=TABLES.get(domain))
            engine.restore(state)
    return found


def expected(domain: str) -> list[dict[str, Any]]:
    lines = objects((EXAMPLES / domain / "expected.jsonl").read_bytes())
    return [{name: value for name, value in line.items() if name != "cep"} for line in lines]


@pytest.mark.parametrize("domain", DOMAINS)
def test_push_finds_what_a_run_finds(domain: str) -> None:
    assert pushed(domain) == expected(domain)


@pytest.mark.parametrize("domain", DOMAINS)
def test_restarts_change_nothing(domain: str) -> None:
    assert pushed(domain, restart_every=60) == expected(domain)


def test_the_login_service_blocks_and_locks() -> None:
    done = python(EXAMPLES / "authentication" / "embed.py")
    *lines, last = done.stdout.decode().splitlines()
    found = expected("authentication")
    acted = ("PersistentAddress", "PasswordSpraying", "AccountTakeover", "GuessedPassword", "Exfiltration")
    assert len(lines) == sum(d["type"] in acted for d in found)
    blocked = {d["ip"] for d in found if d["type"] in acted[:2]}
    locked = {d["user"] for d in found if d["type"] in acted[2:4]}
    assert last == f"blocked addresses: {len(blocked)}, locked accounts: {len(locked)}"
    assert b"events.jsonl:333" in done.stderr


def test_the_back_office_survives_its_restart_and_lets_the_clock_go_on() -> None:
    done = python(EXAMPLES / "payments" / "embed.py")
    lines = done.stdout.decode().splitlines()
    told = dict(line.split(": ") for line in lines if ": " in line)
    counted = {kind: sum(d["type"] == kind for d in expected("payments")) for kind in told}
    after_closing = {"UnpaidOrder", "OverdueRefund"}
    assert {kind for kind in told if int(told[kind]) != counted[kind]} <= after_closing
    assert int(told["UnpaidOrder"]) > counted["UnpaidOrder"]
    assert b"events.jsonl:333" in done.stderr


def test_the_programs_take_another_file(tmp_path: Path) -> None:
    empty = tmp_path / "empty.jsonl"
    empty.touch()
    done = python(EXAMPLES / "authentication" / "embed.py", empty)
    assert done.stdout.decode() == "blocked addresses: 0, locked accounts: 0\n"


@pytest.mark.parametrize("domain", ["iot", "orders", "logistics", "social"])
def test_the_pipelines_act_on_what_they_are_made_for(domain: str) -> None:
    done = python(EXAMPLES / domain / "pipeline.py")
    *acts, counts, totals = done.stdout.decode().splitlines()
    found = Counter(d["type"] for d in expected(domain))
    assert counts == ", ".join(f"{count} {kind}" for kind, count in sorted(found.items()))
    assert totals.startswith("500 events, ")
    assert 0 < len(acts) < sum(found.values())
    assert [line[:20] for line in acts] == sorted(line[:20] for line in acts)
