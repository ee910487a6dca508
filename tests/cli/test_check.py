"""``cep check``."""

from __future__ import annotations

import json
import re
from pathlib import Path

from tests.cli.command import invoke

UNUSED = 'define failed login as Login(outcome == "failure")\n'


def test_no_findings(rules: Path) -> None:
    done = invoke("check", rules)
    assert (done.exit_code, done.stdout) == (0, "1 rule in 1 file, 0 errors, 0 warnings\n")


def test_all_findings_of_all_files(tmp_path: Path) -> None:
    (tmp_path / "a.cep").write_text("rule a\n  when Login(user = 1)\n  emit A(user)\n")
    (tmp_path / "b.cep").write_text('event Login { user: string }\nrule b when Login(usr == "x") emit B(user)\n')
    done = invoke("check", tmp_path)
    assert done.exit_code == 2
    assert "a.cep:2:" in done.stdout
    assert "b.cep:2:" in done.stdout
    assert "did you mean `user`?" in done.stdout
    assert "^" in done.stdout
    assert re.fullmatch(r"\d rules? in 2 files, \d errors?, 0 warnings", done.stdout.splitlines()[-1])


def test_warnings_pass_unless_denied(tmp_path: Path) -> None:
    rules = tmp_path / "a.cep"
    rules.write_text(UNUSED + "rule r when Login emit R(user)\n")
    done = invoke("check", rules)
    assert done.exit_code == 0
    assert "warning[CEP220]" in done.stdout
    assert "1 warning" in done.stdout
    assert invoke("check", rules, "--deny", "warnings").exit_code == 1


def test_json(tmp_path: Path) -> None:
    rules = tmp_path / "a.cep"
    rules.write_text(UNUSED + "rule r when Login emit R(user)\n")
    told = json.loads(invoke("check", rules, "--json").stdout)
    assert (told["rules"], told["files"], told["errors"], told["warnings"]) == (1, 1, 0, 1)
    [finding] = told["diagnostics"]
    assert (finding["code"], finding["severity"], finding["line"]) == ("CEP220", "warning", 1)


def test_what_does_not_run_yet(tmp_path: Path) -> None:
    rules = tmp_path / "a.cep"
    rules.write_text("rule r when Login as a to alerts emit R(user = a.user)\n")
    done = invoke("check", rules)
    assert done.exit_code == 2
    assert "CEP490" in done.stdout
    assert "`to`" in done.stdout


def test_set_and_an_unknown_constant(tmp_path: Path) -> None:
    rules = tmp_path / "a.cep"
    rules.write_text("let most = 5\nrule r when Login(n > most) emit R(user)\n")
    assert invoke("check", rules, "--set", "most=7").exit_code == 0
    assert invoke("check", rules, "--set", "mst=7").exit_code == 3


def test_missing_rules() -> None:
    done = invoke("check")
    assert done.exit_code == 3
    assert "cep check rules:authentication" in done.stderr


def test_a_folder_without_rules(tmp_path: Path) -> None:
    done = invoke("check", tmp_path)
    assert done.exit_code == 2
    assert "this folder holds no rule files" in done.stdout


def test_the_packs_that_ship() -> None:
    assert invoke("check", "rules:authentication", "--deny", "warnings").exit_code == 0
    assert invoke("check", "rules:payments", "--deny", "warnings").exit_code == 0


def test_colours_on_standard_output(tmp_path: Path) -> None:
    rules = tmp_path / "a.cep"
    rules.write_text(UNUSED + "rule r when Login emit R(user)\n")
    assert "\x1b[" in invoke("check", rules, "--color", "always").stdout
    assert "\x1b[" not in invoke("check", rules).stdout
