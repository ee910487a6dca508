"""What is declared in a file beside the one that was given."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from cep.language import siblings
from cep.language.rule_files import check_rules
from cep.plan.compiling import compile_rules

DEFINITIONS = """
event Payment { card: string, amount: decimal, at: timestamp } time at
define failed login as Login(outcome == "failure")
define big payment(least = 1000) as Payment(amount > least)
let grace = 10 minutes
table hosts from "hosts.csv" key name
rule other when Login
"""
AS_YAML = """
events: {Payment: {fields: {card: string, amount: decimal}}}
define: {failed login: Login(outcome == "failure"), big payment(least = 1000): Payment(amount > least)}
let: {grace: 10 minutes}
tables: {hosts: {from: hosts.csv, key: name}}
rules: {other: {when: Login}}
"""


def write(path: Path, text: str | bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def hints(*given: Path, **constants: object) -> list[str | None]:
    return [found.hint for found in compile_rules(list(given), constants).diagnostics]


@pytest.mark.parametrize(("name", "text"), [("definitions.cep", DEFINITIONS), ("definitions.yaml", AS_YAML)])
@pytest.mark.parametrize(
    ("rule", "shown"),
    [
        ("rule one when three failed logins within 1 minute", "failed login"),
        ("rule one when big payment(5)", "big payment"),
        ("rule one when A within grace", "grace"),
        ("rule one when expect A from hosts for 1 minute per name", "hosts"),
        ("rule one when three Payments within 1 minute", "Payment"),
        ('rule one when A test "x" for other given 0s A() expect nothing', "other"),
    ],
)
def test_the_file_beside_it_is_named(tmp_path: Path, name: str, text: str, rule: str, shown: str) -> None:
    write(tmp_path / name, text)
    [hint] = hints(write(tmp_path / "one.cep", rule))
    assert hint == f"`{shown}` is declared in {name} beside it: give the folder `{tmp_path}/`"


def test_both_entrances_give_it(tmp_path: Path) -> None:
    write(tmp_path / "definitions.cep", DEFINITIONS)
    path = write(tmp_path / "one.cep", "rule one when A within grace")
    assert [found.hint for found in check_rules(path)[1]] == hints(path)


def test_a_constant_that_is_set(tmp_path: Path) -> None:
    write(tmp_path / "definitions.cep", DEFINITIONS)
    [hint] = hints(write(tmp_path / "one.cep", "rule one when A"), grace="5m")
    assert hint is not None
    assert "`grace` is declared in definitions.cep" in hint


def test_the_folder_itself_has_all_names(tmp_path: Path) -> None:
    write(tmp_path / "definitions.cep", "define failed login as Login(x == 1)")
    write(tmp_path / "one.cep", "rule one when three failed logins within 1 minute")
    assert hints(tmp_path) == []


def test_what_is_in_no_file_keeps_its_hint(tmp_path: Path) -> None:
    write(tmp_path / "definitions.cep", DEFINITIONS)
    assert hints(write(tmp_path / "one.cep", "rule one when late night login")) == [
        "declare it: `define late night login as EVENT(…)`"
    ]


def test_broken_and_unreadable_files_are_passed_over(tmp_path: Path) -> None:
    write(tmp_path / "a.cep", b"\xff\xfe let grace = 1")
    write(tmp_path / "b.yaml", "let: {grace: [}")
    write(tmp_path / "c.yaml", "[" * 10_000)
    (tmp_path / "d.cep").mkdir()
    (tmp_path / "e.cep").symlink_to(tmp_path / "nowhere")
    write(tmp_path / "f.cep", "let grace = = 10 minutes\nrule broken when (")
    os.mkfifo(tmp_path / "g.cep")
    [hint] = hints(write(tmp_path / "one.cep", "rule one when A within grace"))
    assert hint == f"`grace` is declared in f.cep beside it: give the folder `{tmp_path}/`"


def test_nothing_is_read_while_all_names_are_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[Path] = []
    monkeypatch.setattr(siblings, "_rule_files", lambda folder, suffixes: read.append(folder) or [])
    assert hints(write(tmp_path / "one.cep", "rule one when A within 5 minutes severity hgh")) == [
        "did you mean `high`?"
    ]
    assert read == []
    hints(tmp_path / "one.cep", write(tmp_path / "two.cep", "rule two when A within grace"))
    assert read == [tmp_path]


def test_text_has_no_files_beside_it() -> None:
    found = compile_rules("rule one when A within grace\n").diagnostics
    assert [d.hint for d in found] == ["declare it with `let grace = …`"]
