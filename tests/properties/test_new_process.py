"""Cutting at any event into a snapshot, a new process with other hashes, and a restore there changes nothing."""

from __future__ import annotations

import base64
import json
import os
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import cep
from tests.conftest import ROOT

START = 1_767_225_600

PATTERNS = [
    "A then every B then every C | within 9s",
    "3+ A then no B for 2s",
    "A as a then no B(x == a.x) for 2s then C",
    "A as a then B(x == a.x) then within 3s C",
    "(A+ as p until B){1,2} then C | within 20s",
    "A then no (B then C) then A as q | within 20s",
    "no B for 3s then A",
    "A and B and C | within 5s on timeout emit T(matched_steps, missing_step, deadline)",
    "consecutive (A as p then some B) | after match skip to next event",
    "(A then after 1s B)+? then between 1s and 9s C | after match skip to last b",
    "2 of (A, B, C) as p | after match no skip",
    "every A{2,4} as p where sum(p.x) > 1 | within 5s having count() >= 2",
]


def rules_of(line: str) -> str:
    pattern, _, clauses = line.replace(" as p |", " |").partition(" | ")
    return f"rule r when {pattern} per k {clauses} emit X(k, n = count(), s = sum(x))"


RULES = [
    *map(rules_of, PATTERNS),
    "rule r from A or B per k over last 3 seconds when count() >= 2 emit X(k, n = count(), p = percentile(x, 50))",
    "rule r from A per k over session of 2 seconds emit X(k, xs = collect(x))",
    "rule r when three A within 5s per k emit X(k)\nrule s when X then no B for 2s per k emit Y(k)",
]


def events() -> list[dict[str, Any]]:
    chance = random.Random(4)
    second = START
    found = []
    for _ in range(40):
        second += chance.choice([0, 0, 1, 1, 2])
        found.append({"type": chance.choice("AABBC"), "ts": second, "k": chance.choice("pq"), "x": chance.randrange(3)})
    return found


def continued(rules: str, cut: int, snapshot: bytes) -> list[str]:
    """What comes after the cut, in an engine that takes over the snapshot."""
    engine = cep.Engine.from_rules(rules)
    engine.restore(snapshot)
    derived = [d for event in events()[cut:] for d in engine.push(dict(event))]
    return [d.to_json().decode() for d in [*derived, *engine.finish(), *engine.flush()]]


def main(path: str) -> None:
    """In the new process: continue from each snapshot of the file."""
    given = json.loads(Path(path).read_text("utf-8"))
    snapshots = [base64.b64decode(text) for text in given["snapshots"]]
    print(json.dumps([continued(given["rules"], cut, snapshot) for cut, snapshot in enumerate(snapshots)]))


@pytest.mark.parametrize("rules", RULES)
def test_a_cut_at_any_event_and_a_new_process(rules: str, tmp_path: Path) -> None:
    stream = events()
    engine = cep.Engine.from_rules(rules)
    snapshots, before = [engine.snapshot()], [0]
    derived: list[str] = []
    for event in stream:
        derived += [d.to_json().decode() for d in engine.push(dict(event))]
        snapshots.append(engine.snapshot())
        before.append(len(derived))
    derived += [d.to_json().decode() for d in [*engine.finish(), *engine.flush()]]
    assert derived
    path = tmp_path / "given.json"
    path.write_text(json.dumps({"rules": rules, "snapshots": [base64.b64encode(s).decode() for s in snapshots]}))
    program = f"from tests.properties.test_new_process import main; main({str(path)!r})"
    told = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        env={**os.environ, "PYTHONHASHSEED": "77"},
        capture_output=True,
        text=True,
    )
    assert told.returncode == 0, told.stderr
    assert json.loads(told.stdout) == [derived[since:] for since in before]
