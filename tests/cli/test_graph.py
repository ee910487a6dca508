"""``cep graph``; its pictures are held by ``tests/drawing``."""

from __future__ import annotations

import json
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.cli.command import BRUTE_FORCE, invoke


def test_mermaid_is_written_unless_something_else_is_asked_for(rules: Path) -> None:
    done = invoke("graph", rules)
    assert done.exit_code == 0
    assert done.stdout.startswith("flowchart LR\n")
    assert 'n0["brute_force<br/>per user"]' in done.stdout
    assert 'n1("Login")' in done.stdout
    assert "n1 --> n0" in done.stdout


@pytest.mark.parametrize(
    ("form", "start"),
    [("mermaid", "flowchart"), ("dot", "digraph"), ("svg", "<svg "), ("html", "<!DOCTYPE html>"), ("json", "{")],
)
def test_each_format_of_the_flow_and_of_one_rule(rules: Path, form: str, start: str) -> None:
    for options in ((), ("--rule", "brute_force")):
        done = invoke("graph", rules, "--format", form, *options)
        assert done.exit_code == 0
        assert done.stdout.startswith(start)
        assert "Login" in done.stdout
        assert done.stderr == ""


@pytest.mark.parametrize(
    ("name", "start"),
    [
        ("a.mmd", "flowchart"), ("a.mermaid", "flowchart"), ("a.dot", "digraph"), ("a.gv", "digraph"),
        ("a.svg", "<svg "), ("a.HTML", "<!DOCTYPE html>"), ("a.json", "{"),
    ],
)  # fmt: skip
def test_the_ending_of_the_file_says_the_format(rules: Path, tmp_path: Path, name: str, start: str) -> None:
    done = invoke("graph", rules, "-o", tmp_path / name)
    assert (done.exit_code, done.stdout) == (0, "")
    assert (tmp_path / name).read_text("utf-8").startswith(start)
    assert "3 nodes, 2 edges" in done.stderr


def test_the_format_has_the_last_word(rules: Path, tmp_path: Path) -> None:
    invoke("graph", rules, "-o", tmp_path / "a.svg", "--format", "dot")
    assert (tmp_path / "a.svg").read_text("utf-8").startswith("digraph")


def test_an_ending_that_says_nothing(rules: Path, tmp_path: Path) -> None:
    done = invoke("graph", rules, "-o", tmp_path / "a.png")
    assert done.exit_code == 3
    assert "says no format; add --format" in done.stderr


def test_a_file_that_cannot_be_written(rules: Path, tmp_path: Path) -> None:
    done = invoke("graph", rules, "-o", tmp_path / "nowhere" / "a.svg")
    assert done.exit_code == 3
    assert "cannot write" in done.stderr


def test_a_rule_that_is_not_there(rules: Path) -> None:
    done = invoke("graph", rules, "--rule", "brute_forc")
    assert done.exit_code == 3
    assert "did you mean `brute_force`?" in done.stderr


def test_a_disabled_rule_has_no_inside_and_is_in_the_flow(rules: Path) -> None:
    rules.write_text(BRUTE_FORCE + "rule other when Logout emit Other(user) disabled\n")
    assert "rule `other` is disabled" in invoke("graph", rules, "--rule", "other").stderr
    assert '"other' in invoke("graph", rules).stdout


def test_the_ends_of_the_flow(rules: Path) -> None:
    told = invoke("graph", rules, "--source", "in.jsonl", "--sink", "out.jsonl", "--format", "json")
    found = json.loads(told.stdout)
    names = {node["id"]: node["name"] for node in found["nodes"]}
    edges = [(names[edge["from"]], names[edge["to"]]) for edge in found["edges"]]
    assert ("in.jsonl", "Login") in edges
    assert ("BruteForce", "out.jsonl") in edges
    done = invoke("graph", rules, "--rule", "brute_force", "--source", "in.jsonl")
    assert done.exit_code == 3


def test_without_definitions(rules: Path) -> None:
    rules.write_text("define odd login as Login(odd)\nrule r when odd login emit X()")
    assert "odd login" in invoke("graph", rules).stdout
    assert "odd login" not in invoke("graph", rules, "--no-definitions").stdout


def test_rules_that_do_not_compile(tmp_path: Path) -> None:
    path = tmp_path / "a.cep"
    path.write_text("rule r when when")
    done = invoke("graph", path)
    assert (done.exit_code, done.stdout) == (2, "")
    assert "error[CEP" in done.stderr


def test_no_rules() -> None:
    assert "no rules are given" in invoke("graph").stderr


class _Ids(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.ids += [value for name, value in attrs if name == "id" and value]


@pytest.mark.parametrize("pack", ["authentication", "payments"])
def test_the_page_of_a_pack(pack: str) -> None:
    text = invoke("graph", f"rules:{pack}", "--format", "html").stdout
    ids = _Ids(text).ids
    assert len(ids) == len(set(ids))
    rules = json.loads(invoke("graph", f"rules:{pack}", "--format", "json").stdout)["nodes"]
    inside = [f"inside-{node['id']}" for node in rules if node["kind"] == "rule"]
    assert [each for each in ids if each.startswith("inside-")] == inside


def test_the_picture_is_the_same_each_time() -> None:
    first = invoke("graph", "rules:payments", "--format", "svg").stdout
    assert first == invoke("graph", "rules:payments", "--format", "svg").stdout
    ElementTree.fromstring(first)


def test_of_yaml_rules(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text(
        'define:\n  failed login: Login(outcome == "failure")\n'
        "rules:\n  r:\n    when: three failed logins within 5 minutes\n    per: user\n    emit: {X: {user: user}}\n"
    )
    found = json.loads(invoke("graph", path, "--format", "json").stdout)
    assert [node["name"] for node in found["nodes"] if node["kind"] == "definition"] == ["failed login"]
    [rule] = [node for node in found["nodes"] if node["kind"] == "rule"]
    assert "when: three failed logins" in rule["text"]


@pytest.mark.parametrize("form", ["mermaid", "dot", "svg", "html", "json"])
def test_files_without_rules_give_an_empty_picture(tmp_path: Path, form: str) -> None:
    path = tmp_path / "a.cep"
    path.write_text("event A { x: int }")
    done = invoke("graph", path, "--format", form)
    assert done.exit_code == 0
    assert "n0" not in done.stdout.partition("<script>")[0]
