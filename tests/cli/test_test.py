"""``cep test``."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from tests.cli.command import BRUTE_FORCE, invoke

TESTS = """
test "the third failure" for brute_force
  given 3x every 10s Login(user = "ann", outcome = "failure")
  expect 20s BruteForce(user = "ann", attempts = 3)

test "only two" for brute_force
  given 2x every 10s Login(user = "ann", outcome = "failure")
  expect nothing
"""
FAILING = """
test "wrong" for brute_force
  given 3x every 10s Login(user = "ann", outcome = "failure")
  expect 20s BruteForce(attempts = 4)
"""


@pytest.fixture
def tested(rules: Path) -> Path:
    rules.write_text(BRUTE_FORCE + TESTS, "utf-8")
    return rules


def test_all_pass(tested: Path) -> None:
    done = invoke("test", tested)
    assert done.exit_code == 0
    assert done.stdout.startswith("2 tests: 2 passed in ")
    assert done.stderr == ""


def test_verbose_names_each(tested: Path) -> None:
    done = invoke("test", tested, "-v")
    assert f"ok      only two  {tested}:11\n" in done.stdout


def test_a_failure_shows_both_sides(tested: Path) -> None:
    tested.write_text(BRUTE_FORCE + TESTS + FAILING, "utf-8")
    done = invoke("test", tested)
    assert done.exit_code == 1
    assert "FAILED  wrong" in done.stdout
    assert "  !   attempts = 4     attempts = 3\n" in done.stdout
    assert "3 tests: 2 passed, 1 failed in " in done.stdout
    assert "\x1b" not in done.stdout
    assert "\x1b[1;31m" in invoke("test", tested, "--color", "always").stdout


def test_a_folder_and_a_file(tested: Path) -> None:
    (tested.parent / "more").mkdir()
    more = tested.parent / "more" / "b.yaml"
    more.write_text("tests:\n  - {name: empty, for: brute_force, expect: nothing}\n", "utf-8")
    assert "3 tests: 3 passed" in invoke("test", tested.parent).stdout
    assert "3 tests: 3 passed" in invoke("test", tested, more).stdout


def test_run_by_name_or_rule(tested: Path) -> None:
    tested.write_text(BRUTE_FORCE + TESTS + FAILING, "utf-8")
    assert "1 test: 1 passed" in invoke("test", tested, "--run", "^only").stdout
    assert "3 tests: 2 passed" in invoke("test", tested, "--run", "brute").stdout
    none = invoke("test", tested, "--run", "nobody")
    assert none.exit_code == 3
    assert "no test and no rule has `nobody`" in none.stderr
    assert invoke("test", tested, "--run", "(").exit_code == 3


def test_fail_fast(tested: Path) -> None:
    tested.write_text(BRUTE_FORCE + FAILING + TESTS, "utf-8")
    done = invoke("test", tested, "--fail-fast")
    assert done.exit_code == 1
    assert "3 tests: 1 failed, 2 not run" in done.stdout


def test_json(tested: Path) -> None:
    told = json.loads(invoke("test", tested, "--json").stdout)
    assert [(test["name"], test["outcome"]) for test in told["tests"]] == [
        ("the third failure", "passed"), ("only two", "passed"),
    ]  # fmt: skip


def test_junit(tested: Path, tmp_path: Path) -> None:
    tested.write_text(BRUTE_FORCE + TESTS + FAILING, "utf-8")
    file = tmp_path / "results.xml"
    done = invoke("test", tested, "--junit", file)
    assert done.exit_code == 1
    assert "FAILED  wrong" in done.stdout
    assert ET.parse(file).getroot().get("failures") == "1"
    assert ET.fromstring(invoke("test", tested, "--junit", "-").stdout).get("tests") == "3"
    assert invoke("test", tested, "--junit", tmp_path / "none" / "x.xml").exit_code == 3


@pytest.mark.parametrize(
    ("require", "code"), [("positive", 0), ("negative", 1), ("both", 1)], ids=["positive", "negative", "both"]
)
def test_require(rules: Path, require: str, code: int) -> None:
    rules.write_text(BRUTE_FORCE + TESTS.split("test", 2)[0] + "test" + TESTS.split("test", 2)[1], "utf-8")
    done = invoke("test", rules, "--require", require)
    assert done.exit_code == code
    assert "1 rule has no test that expects it to stay silent\n  brute_force\n" in done.stdout


def test_rules_without_tests(rules: Path) -> None:
    done = invoke("test", rules)
    assert done.exit_code == 0
    assert "no tests: `cep test RULES --suggest NAME` writes" in done.stdout
    assert "1 rule has no test that expects it to fire" in done.stdout
    assert invoke("test", rules, "--require", "both").exit_code == 1


def test_rules_that_do_not_compile(tested: Path) -> None:
    tested.write_text(BRUTE_FORCE + TESTS.replace("for brute_force", "for brute_fore"), "utf-8")
    done = invoke("test", tested)
    assert done.exit_code == 2
    assert "did you mean `brute_force`?" in done.stderr


def test_usage(tmp_path: Path) -> None:
    assert invoke("test").exit_code == 3
    assert invoke("test", tmp_path / "none.cep").exit_code == 3


def test_constants_can_be_set(rules: Path) -> None:
    text = BRUTE_FORCE.replace("5 minutes per", "grace per").replace("rule", "let grace = 5m\nrule", 1)
    rules.write_text(text + TESTS, "utf-8")
    assert invoke("test", rules).exit_code == 0
    assert invoke("test", rules, "--set", "grace=5s").exit_code == 1


def test_update_shows_what_it_writes(rules: Path) -> None:
    rules.write_text(BRUTE_FORCE + TESTS.replace('20s BruteForce(user = "ann", attempts = 3)', ""), "utf-8")
    before = invoke("test", rules)
    assert before.exit_code == 1
    assert "`cep test --update` writes" in before.stdout
    done = invoke("test", rules, "--update")
    assert done.exit_code == 0
    assert '  + 20s BruteForce(user = "ann", attempts = 3)\n' in done.stdout
    assert "no test that expects it to fire" not in done.stdout
    assert 'expect \n    20s BruteForce(user = "ann", attempts = 3)\n' in rules.read_text("utf-8")
    assert invoke("test", rules).exit_code == 0


def test_suggest_prints_what_can_be_pasted(tested: Path) -> None:
    done = invoke("test", tested, "--suggest", "brute_force")
    assert done.exit_code == 0
    assert done.stdout.startswith('test "brute_force fires" for brute_force\n  given\n')
    assert "the last event comes too late" in done.stdout
    assert done.stderr == ""
    assert invoke("test", tested, "--suggest", "brute_force", "--to", "yaml").stdout.startswith("tests:\n  - name:")


def test_suggest_writes(rules: Path) -> None:
    done = invoke("test", rules, "--suggest", "brute_force", "--write")
    assert done.stdout == f"{rules}: 2 tests written\n"
    assert "2 tests: 2 passed" in invoke("test", rules, "--require", "both").stdout


def test_what_cannot_be_suggested_is_told(rules: Path) -> None:
    rules.write_text("rule all when A emit X(k)\n", "utf-8")
    done = invoke("test", rules, "--suggest", "all")
    assert done.exit_code == 1
    assert "`all`: whatever was changed" in done.stderr
    assert invoke("test", rules, "--suggest", "al").exit_code == 3
    assert invoke("test", rules, "--write").exit_code == 3


@pytest.mark.parametrize("form", ["cep", "yaml"])
def test_a_file_stays_formatted_when_suggested_tests_are_written(tmp_path: Path, form: str) -> None:
    rules = tmp_path / "unpaid.cep"
    rules.write_text(
        "rule unpaid\n  when Order as o then no Payment for 30 minutes per order\n  emit Unpaid(order)\n\n"
        + BRUTE_FORCE,
        "utf-8",
    )
    invoke("fmt", rules)
    if form == "yaml":
        assert invoke("fmt", rules, "--to", "yaml", "--write").exit_code == 0
        rules = rules.with_suffix(".yaml")
    for name in ("unpaid", "brute_force"):
        assert invoke("test", rules, "--suggest", name, "--write").exit_code == 0
        assert invoke("fmt", "--check", rules).exit_code == 0, rules.read_text("utf-8")
    assert "4 tests: 4 passed" in invoke("test", rules).stdout
