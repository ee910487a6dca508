"""Rules from standard input, for every verb that reads rules."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.command import BRUTE_FORCE, invoke, login, objects, write_lines

TESTED = (
    BRUTE_FORCE
    + """
test "three" for brute_force
  given 3x every 10s Login(user = "ann", outcome = "failure")
  expect 20s BruteForce(user = "ann", attempts = 3)
"""
)


def test_run_and_why(tmp_path: Path) -> None:
    events = write_lines(tmp_path / "e.jsonl", [login(second) for second in (0, 60, 120)])
    done = invoke("run", "-", "-s", events, stdin=BRUTE_FORCE)
    assert [event["type"] for event in objects(done.stdout)] == ["BruteForce"]
    told = invoke("why", "-", "-s", events, "--rule", "brute_force", "--key", "user=ann", stdin=BRUTE_FORCE)
    assert told.stdout.startswith("brute_force fired once")


@pytest.mark.parametrize("verb", ["run", "why"])
def test_rules_and_events_cannot_both_come_from_there(verb: str) -> None:
    asked = ["--rule", "brute_force"] if verb == "why" else []
    done = invoke(verb, "-", "-s", "-", *asked, stdin=BRUTE_FORCE)
    assert done.exit_code == 3
    assert "rules and events cannot both come from standard input" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["explain", "-", "--rule", "brute_force"], "rule brute_force"),
        (["graph", "-"], "flowchart LR"),
        (["test", "-"], "1 test: 1 passed"),
        (["doctor", "-"], "1 rule in 1 file, 0 errors"),
    ],
)
def test_what_only_reads_rules(arguments: list[str], said: str) -> None:
    done = invoke(*arguments, stdin=TESTED)
    assert done.exit_code == 0, done.stderr
    assert said in done.stdout


@pytest.mark.parametrize("options", [["--update"], ["--suggest", "brute_force", "--write"]])
def test_tests_are_not_written_there(options: list[str]) -> None:
    done = invoke("test", "-", *options, stdin=TESTED)
    assert done.exit_code == 3
    assert "standard input cannot be written" in done.stderr


def test_a_mistake_has_its_place() -> None:
    done = invoke("run", "-", "-s", "e.jsonl", stdin=BRUTE_FORCE.replace("count()", "cont()"))
    assert done.exit_code == 2
    assert "<stdin>:" in done.stderr
    assert "did you mean `count`?" in done.stderr
