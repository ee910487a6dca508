"""The rule packs: they check, and every rule is told, graded and tested."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.examples.running import EXAMPLES, RULES, python

PACKS = [*sorted(path for path in RULES.iterdir() if path.is_dir()), EXAMPLES / "ssh" / "guessing.cep"]
RULE = re.compile(r'^rule (?P<name>\w+)\n  "(?P<doc>[^"]+)"\n(?P<body>(?:  .*\n|\n)*)', re.MULTILINE)

each_pack = pytest.mark.parametrize("pack", PACKS, ids=lambda path: path.name)


def text_of(pack: Path) -> str:
    files = sorted(pack.glob("*.cep")) if pack.is_dir() else [pack]
    return "\n".join(path.read_text("utf-8") for path in files)


@each_pack
def test_a_pack_checks_without_a_finding(pack: Path) -> None:
    done = python("-m", "cep", "check", pack)
    assert re.findall(rb"CEP\d{3}", done.stdout + done.stderr) == []


@each_pack
def test_its_tests_pass_and_every_rule_has_both_kinds(pack: Path) -> None:
    done = python("-m", "cep", "test", pack, "--require", "both")
    assert b" passed in " in done.stdout
    assert b"failed" not in done.stdout


def test_all_packs_go_together() -> None:
    done = python("-m", "cep", "check", RULES)
    assert re.findall(rb"CEP\d{3}", done.stdout + done.stderr) == []


@each_pack
def test_every_rule_has_a_sentence_a_severity_and_an_event_type_of_its_own(pack: Path) -> None:
    text = text_of(pack)
    rules = {match["name"]: match for match in RULE.finditer(text)}
    assert set(rules) == set(re.findall(r"^rule (\w+)", text, re.MULTILINE))
    for name, rule in rules.items():
        assert rule["doc"].endswith("."), name
        assert re.search(r"^  severity (info|low|medium|high|critical)$", rule["body"], re.MULTILINE), name
    emitted = re.findall(r"^  emit (\w+)", text, re.MULTILINE)
    assert len(emitted) == len(set(emitted)) == len(rules)


@pytest.mark.parametrize("pack", [path for path in PACKS if path.is_dir()], ids=lambda path: path.name)
def test_every_rule_of_a_shipped_pack_has_tags(pack: Path) -> None:
    rules = list(RULE.finditer(text_of(pack)))
    assert rules
    for rule in rules:
        assert re.search(r'^  tags \["', rule["body"], re.MULTILINE), rule["name"]
