"""``cep check --fix`` and ``--diff``, standard input, several paths, and the pages of codes."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path

import pytest

from tests.cli.command import invoke

SLIPS = "define failed login as Login(n = 1)\nrule a\n  when three faild logins wihtin 5 minutes\n  emit X(n = cuont())"
MENDED = (
    "define failed login as Login(n == 1)\nrule a\n  when three failed logins within 5 minutes\n  emit X(n = count())"
)


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    path = tmp_path / "a.cep"
    path.write_bytes(SLIPS.encode())
    return path


def test_fix(rules: Path) -> None:
    done = invoke("check", rules, "--fix")
    assert done.exit_code == 0
    assert rules.read_text("utf-8") == MENDED
    assert done.stdout == f"fixed {rules}: 4 fixes\n1 rule in 1 file, 0 errors, 0 warnings\n"
    again = invoke("check", rules, "--fix")
    assert (again.exit_code, rules.read_text("utf-8")) == (0, MENDED)
    assert again.stdout == "1 rule in 1 file, 0 errors, 0 warnings\n"


def test_what_is_left_is_told(rules: Path) -> None:
    rules.write_text("rule a when A(x = 1) then B emit X(nosuch)\n")
    done = invoke("check", rules, "--fix", "--json")
    told = json.loads(done.stdout)
    assert (done.exit_code, told["fixed"]) == (2, 1)
    assert [d["code"] for d in told["diagnostics"]] == ["CEP415", "CEP206"]
    assert rules.read_text() == "rule a when A(x == 1) then B emit X(nosuch)\n"


@pytest.mark.parametrize("more", [(), ("--fix",)])
def test_diff_writes_nothing(rules: Path, more: tuple[str, ...]) -> None:
    done = invoke("check", rules, "--diff", *more)
    assert done.exit_code == 1
    assert rules.read_text("utf-8") == SLIPS
    lines = done.stdout.splitlines()
    assert lines[:3] == [f"--- {rules}", f"+++ {rules}", "@@ -1,4 +1,4 @@"]
    assert [line for line in lines[3:] if line.startswith("+")] == [
        "+define failed login as Login(n == 1)",
        "+  when three failed logins within 5 minutes",
        "+  emit X(n = count())",
    ]
    assert lines[-1] == "\\ No newline at end of file"
    assert "4 fixes in 1 file; `--fix` writes them" in done.stderr


def test_diff_without_fixes_is_the_check(rules: Path) -> None:
    rules.write_text("rule a when A then B emit X(nosuch)\n")
    done = invoke("check", rules, "--diff")
    assert (done.exit_code, done.stdout) == (2, "")
    rules.write_text(MENDED)
    assert invoke("check", rules, "--diff").exit_code == 0


def test_diff_in_colours(rules: Path) -> None:
    assert "\x1b[32m+define" in invoke("check", rules, "--diff", "--color", "always").stdout
    assert "\x1b" not in invoke("check", rules, "--diff").stdout


def test_the_file_stays_what_it_was(rules: Path, tmp_path: Path) -> None:
    text = "\ufeffrule a\r\n  when L(x = 1)   # é\r\n".encode()
    rules.write_bytes(text)
    rules.chmod(0o640)
    link = tmp_path / "link.cep"
    link.symlink_to(rules)
    assert invoke("check", link, "--fix").exit_code == 0
    assert rules.read_bytes() == text.replace(b"= 1", b"== 1")
    assert stat.S_IMODE(rules.stat().st_mode) == 0o640
    assert link.is_symlink()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.cep", "link.cep"]


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser writes everywhere")
def test_a_folder_that_cannot_be_written(rules: Path) -> None:
    rules.parent.chmod(0o555)
    done = invoke("check", rules, "--fix")
    rules.parent.chmod(0o755)
    assert done.exit_code == 3
    assert rules.read_bytes() == SLIPS.encode()


def test_only_files_that_change_are_written(rules: Path, tmp_path: Path) -> None:
    other = tmp_path / "b.cep"
    other.write_text("rule b when B emit Y(n)\n")
    before = other.stat().st_mtime_ns
    assert invoke("check", tmp_path, "--fix").exit_code == 0
    assert other.stat().st_mtime_ns == before


def test_what_cannot_be_written(rules: Path) -> None:
    packs = invoke("check", "rules:authentication", "--fix")
    assert packs.exit_code == 3
    assert "ships with cep" in packs.stderr
    stdin = invoke("check", "-", "--fix", stdin=SLIPS)
    assert stdin.exit_code == 3
    assert "--diff" in stdin.stderr


# ---- standard input, several paths ----


def test_standard_input(rules: Path) -> None:
    done = invoke("check", "-", "--format", "concise", stdin="rule a when L(x = 1)\n")
    assert (done.exit_code, done.stdout[:14]) == (2, "<stdin>:1:15: ")
    assert "+rule a when L(x == 1)" in invoke("check", "-", "--diff", stdin="rule a when L(x = 1)\n").stdout
    named = invoke("check", "-", "--stdin-name", "b.yaml", stdin="rules:\n  b:\n    when: L(x = 1)\n")
    assert "b.yaml:3:13" in named.stdout
    assert invoke("check", "-", stdin=b"\xff").exit_code == 2


def test_standard_input_and_files_are_one_namespace(tmp_path: Path) -> None:
    words = tmp_path / "words.cep"
    words.write_text("define failed login as Login(n == 1)\n")
    done = invoke("check", words, "-", "--deny", "warnings", stdin="rule a when failed login\n")
    assert (done.exit_code, done.stdout) == (0, "1 rule in 2 files, 0 errors, 0 warnings\n")


def test_files_and_folders_each_once(rules: Path, tmp_path: Path) -> None:
    (tmp_path / "inner").mkdir()
    (tmp_path / "inner" / "b.yaml").write_text("rules:\n  b:\n    when: L\n")
    rules.write_text(MENDED)
    done = invoke("check", rules, tmp_path, tmp_path / "inner", "rules:payments")
    assert done.stdout.splitlines()[-1].endswith("0 errors, 0 warnings")
    assert invoke("check", rules, tmp_path).stdout == "2 rules in 2 files, 0 errors, 0 warnings\n"


def test_one_file_by_two_paths_is_one(rules: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rules.write_text(MENDED)
    monkeypatch.chdir(tmp_path)
    done = invoke("check", "a.cep", tmp_path, f"../{tmp_path.name}/a.cep")
    assert done.stdout == "1 rule in 1 file, 0 errors, 0 warnings\n"


def test_long_work_shows_how_far_it_is(rules: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rules.write_text(MENDED)
    (tmp_path / "b.cep").write_text("rule b when B emit Y(n)\n")
    assert "reading" not in invoke("check", tmp_path).stderr
    monkeypatch.setattr("cep.cli.rule_sources.is_terminal", lambda stream: True)
    monkeypatch.setattr("cep.cli.rule_sources._PATIENCE_SECONDS", -1.0)
    told = invoke("check", tmp_path).stderr
    assert "reading 1 of 2 files" in told
    assert "checking 2 files" in told
    assert told.endswith("\r\x1b[K")


# ---- comments, pages ----


def test_ignored_warnings_pass_where_warnings_are_denied(tmp_path: Path) -> None:
    rules = tmp_path / "a.cep"
    rules.write_text("rule a when L then B   # cep: ignore[CEP415] the file is short\n")
    assert invoke("check", rules, "--deny", "warnings").exit_code == 0
    rules.write_text("rule a when L then B within 1 m   # cep: ignore[CEP415] the file is short\n")
    done = invoke("check", rules, "--deny", "warnings")
    assert done.exit_code == 1
    assert "CEP230" in done.stdout
    assert "= fix: `cep check --fix` takes it out" in done.stdout


def test_the_page_of_a_code() -> None:
    done = invoke("check", "--explain", "cep301")
    assert done.exit_code == 0
    assert done.stdout.startswith("CEP301: values that cannot be compared\n\n")
    assert 'Wrong:\n\n    event Login' in done.stdout  # fmt: skip
    assert "Right:\n\n" in done.stdout
    assert done.stdout == invoke("explain", "CEP301").stdout
    told = json.loads(invoke("check", "--explain", "CEP301", "--json").stdout)
    assert (told["code"], told["wrong"].endswith('(n == "5")')) == ("CEP301", True)
    assert invoke("check", "--explain", "CEP901").exit_code == 0


@pytest.mark.parametrize(("code", "near"), [("CEP3O1", "did you mean `CEP301`?"), ("nonsense", "codes look like")])
def test_an_unknown_code(code: str, near: str) -> None:
    done = invoke("check", "--explain", code)
    assert done.exit_code == 3
    assert near in done.stderr
