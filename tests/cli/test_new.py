"""``cep new``, ``cep list``, ``cep completion`` and ``cep doctor``: what a new user has first."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cep.language.formatting.formatter import format_text
from cep.workshop import diagnosis
from cep.workshop.scaffolding import find_template, template_names
from tests.cli.command import invoke, objects

FIRED = {
    "absence": [("UnpaidOrder", "2026-01-01T08:30:00Z")],
    "brute-force": [("BruteForce", "2026-01-01T08:02:30Z")],
    "enrichment": [("LocatedAlarm", "2026-01-01T08:00:00Z"), ("LocatedAlarm", "2026-01-01T08:01:00Z")],
    "heartbeat": [("HostSilent", "2026-01-01T08:01:00Z")],
    "join": [("PaidOtherwise", "2026-01-01T08:05:00Z")],
    "lookup": [("OverLimit", "2026-01-01T08:00:00Z")],
    "sequence": [("ExportFromElsewhere", "2026-01-01T08:30:00Z")],
    "window": [("CardVelocity", "2026-01-01T08:09:00Z")],
}
"""What each template's rule derives from its events."""


def test_every_template_is_tried() -> None:
    assert template_names() == sorted(FIRED)


@pytest.mark.parametrize("form", ["cep", "yaml"])
@pytest.mark.parametrize("template", sorted(FIRED))
def test_a_new_project_runs_at_once(template: str, form: str, tmp_path: Path) -> None:
    root = tmp_path / "watch"
    done = invoke("new", "project", root, "--template", template, *["--yaml"] * (form == "yaml"))
    assert (done.exit_code, done.stdout) == (0, "")
    checked = invoke("check", root / "rules", "--deny", "warnings")
    assert checked.exit_code == 0, checked.stdout
    run = invoke("run", root / "rules", "--source", root / "events.jsonl")
    assert run.exit_code == 0
    assert [(event["type"], event["time"]) for event in objects(run.stdout)] == FIRED[template]
    assert invoke("fmt", "--check", root / "rules").exit_code == 0
    tested = invoke("test", root / "rules", "--require", "both")
    assert tested.exit_code == 0, tested.stdout
    assert "2 tests: 2 passed" in tested.stdout + tested.stderr
    assert "cep run rules/ --source events.jsonl" in (root / "README.md").read_text("utf-8")
    if form == "yaml":
        [rules] = (root / "rules").glob("*.yaml")
        assert rules.read_text("utf-8").startswith("# yaml-language-server: $schema=../cep.schema.json\n")
        assert json.loads((root / "cep.schema.json").read_text("utf-8")) == json.loads(invoke("schema").stdout)


@pytest.mark.parametrize("template", sorted(FIRED))
def test_a_template_is_formatted_and_has_two_tests(template: str) -> None:
    text = find_template(template).rule
    assert format_text(text).text == text
    assert text.count("\ntest ") == 2
    assert text.count("expect nothing") == 1


def test_a_rule_has_the_name_it_is_given(tmp_path: Path) -> None:
    done = invoke("new", "rule", "my_rule", "--template", "window")
    assert done.exit_code == 0
    assert "rule my_rule\n" in done.stdout
    assert done.stdout.count("for my_rule\n") == 2
    assert "card_velocity" not in done.stdout
    path = tmp_path / "rules" / "owners.cep"
    assert invoke("new", "rule", "--template", "lookup", "-o", path).exit_code == 0
    assert sorted(file.name for file in path.parent.iterdir()) == ["cards.csv", "owners.cep"]
    assert invoke("check", path).exit_code == 0


def test_nothing_is_written_over(tmp_path: Path) -> None:
    path = tmp_path / "a.cep"
    path.write_text("mine")
    done = invoke("new", "rule", "-o", path)
    assert done.exit_code == 3
    assert "is there already, so nothing is written" in done.stderr
    assert path.read_text() == "mine"
    assert invoke("new", "rule", "-o", path, "--force").exit_code == 0
    assert path.read_text().startswith("# Many failures")
    (tmp_path / "p").mkdir()
    (tmp_path / "p" / "events.jsonl").write_text("mine")
    assert invoke("new", "project", tmp_path / "p").exit_code == 3
    assert [file.name for file in (tmp_path / "p").iterdir()] == ["events.jsonl"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["project"], "a project needs a folder"),
        (["rule", "--template", "windw"], "did you mean `window`?"),
        (["rule", "a b"], "is no name of a rule"),
        (["project", "x", "-o", "y"], "--output is for `cep new rule`"),
    ],
)
def test_usage(arguments: list[str], message: str) -> None:
    done = invoke("new", *arguments)
    assert done.exit_code == 3
    assert message in done.stderr


@pytest.mark.parametrize(
    ("kind", "word", "name"),
    [
        ("functions", "lower", "lower"),
        ("aggregates", "zscore", "zscore"),
        ("sources", "csv", "csv:"),
        ("sinks", "jsonl", "jsonl:"),
        ("templates", "absence", "absence"),
    ],
)
def test_lists(kind: str, word: str, name: str) -> None:
    assert name.rstrip(":") in invoke("list", kind).stdout
    rows = json.loads(invoke("list", kind, word, "--json").stdout)
    assert name in [row["name"] for row in rows]
    nothing = invoke("list", kind, "xyzzy")
    assert (nothing.exit_code, nothing.stdout) == (1, "")


def test_codes_are_found_by_their_words() -> None:
    rows = json.loads(invoke("list", "codes", "cep201", "--json").stdout)
    assert [row["code"] for row in rows] == ["CEP201"]
    assert "CEP201" in invoke("list", "codes").stdout


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish", "powershell"])
def test_completion_scripts(shell: str) -> None:
    done = invoke("completion", shell)
    assert done.exit_code == 0
    assert "_CEP_COMPLETE" in done.stdout
    assert f"{shell}_complete" in done.stdout


@pytest.mark.parametrize(
    ("shell", "words", "typed", "wanted"),
    [
        ("bash", "cep ch", "1", "plain,check"),
        ("powershell", "cep ch", "ch", "check\t"),
        ("powershell", "cep fmt --ch", "--ch", "--check\t"),
    ],
)
def test_what_is_completed(shell: str, words: str, typed: str, wanted: str) -> None:
    env = {"_CEP_COMPLETE": f"{shell}_complete", "COMP_WORDS": words, "COMP_CWORD": typed}
    from click.testing import CliRunner

    from cep.cli.group import cep

    done = CliRunner().invoke(cep, [], prog_name="cep", env=env)
    assert wanted in done.output


def test_the_doctor_finds_all_well_here(tmp_path: Path) -> None:
    done = invoke("doctor")
    assert done.exit_code == 0
    assert "Python" in done.stdout
    assert "google-re2" in done.stdout
    told = json.loads(invoke("doctor", "--json").stdout)
    assert told["ok"] is True
    assert {"cep", "lark", "extra parquet", "time zones", "RE2", "platform"} <= {c["name"] for c in told["checks"]}
    (tmp_path / "a.cep").write_text("rule r when\n")
    broken = invoke("doctor", tmp_path / "a.cep")
    assert broken.exit_code == 3
    assert "cep check" in broken.stdout


def test_the_doctor_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    missing = {"pyarrow", "lark"}
    there = diagnosis._installed
    monkeypatch.setattr(diagnosis, "_installed", lambda name: None if name in missing else there(name))
    done = invoke("doctor")
    assert done.exit_code == 3
    assert "pip install 'cep-engine[parquet]'" in done.stdout
    assert "pip install 'lark'" in done.stdout


def test_what_may_be_listed_is_told_in_one_line() -> None:
    done = invoke("list")
    assert done.exit_code == 3
    assert "choose from: functions, aggregates, sources, sinks, codes, templates\n" in done.stderr


def test_the_examples_of_the_help_find_something() -> None:
    for line in invoke("list", "--help").stdout.splitlines():
        words = line.split("|")[0].split()
        if words[:2] == ["cep", "list"]:
            assert invoke(*words[1:]).exit_code == 0, line
