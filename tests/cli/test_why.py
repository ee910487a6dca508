"""``cep why``: on files, as its users call it."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import pytest

from tests.cli.command import BRUTE_FORCE, ROOT, invoke, login, objects, write_lines

RULES = (
    BRUTE_FORCE
    + """
rule persistent
  when BruteForce as b then Login(outcome == "success") as ok within 10 minutes per user
  emit Persistent(user, attempts = b.attempts)

rule off
  when Login disabled
  emit Off(n = 1)
"""
)


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    path = tmp_path / "rules.cep"
    path.write_text(RULES, "utf-8")
    return path


@pytest.fixture
def events(tmp_path: Path) -> Path:
    seconds = [0, 60, 120]
    rows = [*(login(second) for second in seconds), login(130, outcome="success"), login(140, "bob"), login(150, "bob")]
    return write_lines(tmp_path / "events.jsonl", rows)


def derived_ids(rules: Path, events: Path) -> dict[str, str]:
    done = invoke("run", rules, "-s", events, "-q")
    return {row["type"]: row["cep"]["id"] for row in objects(done.stdout)}


def test_a_match_with_what_is_behind_it(rules: Path, events: Path) -> None:
    ids = derived_ids(rules, events)
    done = invoke("why", rules, "-s", events, "--match", ids["Persistent"])
    assert done.exit_code == 0
    text = done.stdout
    assert text.startswith('Persistent(user = "ann", attempts = 3)')
    assert f"because of BruteForce {ids['BruteForce']}:" in text
    assert '✓ outcome == "success"   (outcome = "success")' in text
    assert "Login events.jsonl:3  2026-01-01T00:02:00Z" in text
    assert "last − first = 10 seconds, `within 10 minutes` allows 10 minutes" in text
    assert "\x1b[" not in text


def test_the_beginning_of_an_id_is_enough(rules: Path, events: Path) -> None:
    whole = derived_ids(rules, events)["BruteForce"]
    done = invoke("why", rules, "-s", events, "--match", whole[:8], "--json")
    [match] = json.loads(done.stdout)["matches"]
    assert match["id"] == whole
    assert [event["id"] for event in match["events"]] == ["events.jsonl:1", "events.jsonl:2", "events.jsonl:3"]
    assert match["events"][0]["conditions"][0] == {
        "text": 'outcome == "failure"',
        "verdict": True,
        "values": {"outcome": '"failure"'},
    }


def test_an_unknown_id(rules: Path, events: Path) -> None:
    done = invoke("why", rules, "-s", events, "--match", "c1.zzz")
    assert done.exit_code == 3
    assert "none of the 2 derived events has the id `c1.zzz`" in done.stderr


def test_an_id_that_several_have(rules: Path, events: Path) -> None:
    done = invoke("why", rules, "-s", events, "--match", "c1.")
    assert done.exit_code == 3
    assert "2 derived events have an id that begins with `c1.`" in done.stderr


def test_why_not(rules: Path, events: Path) -> None:
    done = invoke("why", rules, "-s", events, "--rule", "brute_force", "--key", "user=bob")
    assert done.exit_code == 0
    assert done.stdout.startswith('brute_force did not fire for user = "bob".\n\n1. the third `Login` of three')
    told = json.loads(invoke("why", rules, "-s", events, "--rule", "brute_force", "--key", "user=bob", "--json").stdout)
    assert told["fired"] == 0
    assert told["reasons"][0]["code"] == "waiting"
    assert told["reasons"][0]["deadline"] == "2026-01-01T00:07:20Z"


def test_that_it_did_fire(rules: Path, events: Path) -> None:
    done = invoke("why", rules, "-s", events, "--rule", "brute_force", "--key", "user=ann")
    assert done.stdout.startswith('brute_force fired once for user = "ann".\n  ✓ 2026-01-01T00:02:00Z  BruteForce  c1.')


def test_at_a_time(rules: Path, events: Path) -> None:
    done = invoke(
        "why", rules, "-s", events, "--rule", "brute_force", "--key", "user=ann", "--at", "2026-01-01T00:01:00Z"
    )
    assert done.stdout.startswith('brute_force did not fire for user = "ann" at 2026-01-01T00:01:00Z.')
    assert "[waiting]" in done.stdout


def test_late_events_are_told_and_lateness_is_heeded(rules: Path, tmp_path: Path) -> None:
    events = write_lines(tmp_path / "late.jsonl", [login(0), login(60), login(30)])
    question = ("why", rules, "-s", events, "--rule", "brute_force", "--key", "user=ann", "--json")
    assert json.loads(invoke(*question).stdout)["reasons"][0]["code"] == "late"
    assert json.loads(invoke(*question, "--lateness", "1m").stdout)["fired"] == 1


def test_a_broken_line_is_no_reason_to_fail(rules: Path, tmp_path: Path) -> None:
    events = write_lines(tmp_path / "broken.jsonl", [login(0), '{"type":"Login",', login(60)])
    done = invoke("why", rules, "-s", events, "--rule", "brute_force", "--key", "user=ann", "--json")
    assert json.loads(done.stdout)["reasons"][0]["code"] == "waiting"


def test_a_disabled_rule(rules: Path, events: Path) -> None:
    done = invoke("why", rules, "-s", events, "--rule", "off")
    assert "the rule `off` is `disabled`" in done.stdout


def test_colours(rules: Path, events: Path) -> None:
    done = invoke("why", rules, "-s", events, "--rule", "brute_force", "--color", "always")
    assert "\x1b[1m" in done.stdout


def test_control_characters_are_shown(rules: Path, tmp_path: Path) -> None:
    events = write_lines(tmp_path / "odd.jsonl", [login(0, "\x1b[31mred")])
    assert "\x1b" not in invoke("why", rules, "-s", events, "--rule", "brute_force").stdout


def test_at_end_flush(tmp_path: Path) -> None:
    rules = tmp_path / "r.cep"
    rules.write_text("rule r when A as a then no B for 30 seconds per k emit X(k)", "utf-8")
    events = write_lines(tmp_path / "e.jsonl", [{"type": "A", "time": "2026-01-01T00:00:00Z", "k": 1}])
    question = ("why", rules, "-s", events, "--rule", "r", "--key", "k=1", "--json")
    assert json.loads(invoke(*question).stdout)["reasons"][0]["code"] == "pending"
    assert json.loads(invoke(*question, "--at-end", "flush").stdout)["fired"] == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--rule", "brute_forse"), "there is no rule `brute_forse`; did you mean `brute_force`?"),
        (("--rule", "brute_force", "--key", "usr=ann"), "has no key `usr`; did you mean `user`?"),
        (("--rule", "brute_force", "--key", "ann"), "`--key ann` names no key; write NAME=VALUE"),
        (("--rule", "brute_force", "--at", "noon"), "`--at noon` is no time"),
        (("--rule", "brute_force", "--match", "c1.1"), "`--match` asks about a derived event"),
        ((), "what is asked? `--match ID`"),
    ],
)
def test_what_is_wrong_with_the_question(rules: Path, events: Path, arguments: tuple[str, ...], message: str) -> None:
    done = invoke("why", rules, "-s", events, *arguments)
    assert done.exit_code == 3
    assert message in done.stderr


def test_without_a_source(rules: Path) -> None:
    done = invoke("why", rules, "--rule", "brute_force")
    assert done.exit_code == 3
    assert "no source is given" in done.stderr


def test_several_keys_in_one_text(tmp_path: Path) -> None:
    rules = tmp_path / "r.cep"
    rules.write_text("rule r when A(x > 5) per k, j emit X(k, j)", "utf-8")
    rows = [{"type": "A", "time": "2026-01-01T00:00:00Z", "k": 7, "j": j, "x": x} for j, x in (("a, b", 3), ("c", 9))]
    events = write_lines(tmp_path / "e.jsonl", rows)
    first = invoke("why", rules, "-s", events, "--rule", "r", "--key", "k=7, j=c", "--json")
    assert json.loads(first.stdout)["fired"] == 1
    second = invoke("why", rules, "-s", events, "--rule", "r", "--key", "j=a, b", "--json")
    assert json.loads(second.stdout)["reasons"][0]["code"] == "condition"


def test_the_story_of_the_example() -> None:
    """The second of three failures came late, as the example's page says."""
    events = ROOT / "examples" / "authentication" / "events.jsonl"
    question = ("why", "rules:authentication", "-s", events, "--rule", "brute_force_per_user", "--key", "user=user013")
    first = json.loads(invoke(*question, "--json").stdout)["reasons"][0]
    assert (first["code"], first["event"]["id"]) == ("late", "events.jsonl:171")


def test_the_examples_of_the_help_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    examples = invoke("why", "--help").stdout.partition("Examples:\n")[2].strip().splitlines()
    for example in examples:
        words = shlex.split(example.partition("|")[0])
        assert invoke(*words[1:]).exit_code == 0, example


def test_events_without_a_key_are_counted_as_they_are_spoken_of(rules: Path, tmp_path: Path) -> None:
    nobody = {"type": "Login", "time": "2026-01-01T00:00:00Z", "user": None, "outcome": "failure"}
    for rows, said in (
        ([nobody], "the only event of the rule's types has no key: its `user` is null"),
        ([nobody, nobody], "all 2 events of the rule's types have no key: their `user` is null"),
        ([nobody, login(0)], "1 event has no key"),
        ([nobody, nobody, login(0)], "2 events have no key"),
    ):
        events = write_lines(tmp_path / "e.jsonl", rows)
        done = invoke("why", rules, "-s", events, "--rule", "brute_force", "--key", "user=zoe")
        assert said in done.stdout
