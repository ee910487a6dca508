"""The engine inside an application: the example programs, and that pushing events one by one finds the same."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.examples.running import EXAMPLES, RULES, objects, python


def pushed(domain: str, restart_every: int = 0) -> list[dict[str, Any]]:
    """Type, time and fields of what ``push`` returns for the lines of a domain's example."""
    from cep import Engine

    engine = Engine.from_rules(str(RULES / domain))
    found = []
    for number, line in enumerate((EXAMPLES / domain / "events.jsonl").read_text("utf-8").splitlines(), 1):
        try:
            event = json.loads(line)
        except ValueError:
            continue
        found += [{"type": d.type, "time": d.time, **d.fields} for d in engine.push(event)]
        if restart_every and number % restart_every == 0:
            state = engine.snapshot()
            engine = Engine.from_rules(str(RULES / domain))
            engine.restore(state)
    return found


def expected(domain: str) -> list[dict[str, Any]]:
    lines = objects((EXAMPLES / domain / "expected.jsonl").read_bytes())
    return [{name: value for name, value in line.items() if name != "cep"} for line in lines]


@pytest.mark.parametrize("domain", ["authentication", "payments"])
def test_push_finds_what_a_run_finds(domain: str) -> None:
    assert pushed(domain) == expected(domain)


@pytest.mark.parametrize("domain", ["authentication", "payments"])
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
