"""``cep explain``; its texts are held by ``tests/plan``."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.cli.command import BRUTE_FORCE, invoke


def test_a_rule_in_words(rules: Path) -> None:
    done = invoke("explain", rules)
    assert done.exit_code == 0
    assert done.stdout.startswith("rule brute_force\n")
    assert 'Fires at the third Login with outcome equal to "failure" of one user within 5' in done.stdout


def test_some_sections_of_a_rule(rules: Path) -> None:
    told = invoke("explain", rules, "--section", "sentence", "--section", "keeps").stdout
    assert "Fires at the third" in told
    assert "  keeps\n    per key: the newest events that fit; at most 2, for at most 5 minutes" in told
    assert "  reads" not in told
    assert "  automaton" not in told
    plan = invoke("explain", rules, "--section", "plan", "--section", "automaton").stdout
    assert [line.strip() for line in plan.splitlines() if re.match(r"  \w", line)] == ["steps", "automaton"]


def test_the_sections_are_those_of_the_page() -> None:
    from cep.cli.explain import command
    from cep.plan.explain import SECTIONS

    [option] = [each for each in command.params if each.name == "sections"]
    assert tuple(option.type.choices) == SECTIONS  # type: ignore[attr-defined]


def test_colours_change_nothing_but_colours(rules: Path) -> None:
    plain = invoke("explain", rules).stdout
    painted = invoke("explain", rules, "--color", "always").stdout
    assert "\x1b[1;36mrule brute_force\x1b[0m" in painted
    assert re.sub(r"\x1b\[[\d;]*m", "", painted) == plain
    assert "\x1b" not in invoke("explain", rules, "--color", "never").stdout


def test_one_rule_of_several(rules: Path, tmp_path: Path) -> None:
    rules.write_text(BRUTE_FORCE + "rule other when Logout emit Other(user)\n")
    assert "brute_force" not in invoke("explain", rules, "--rule", "other").stdout
    done = invoke("explain", rules, "--rule", "othr")
    assert done.exit_code == 3
    assert "did you mean `other`?" in done.stderr


def test_a_disabled_rule_is_called_so(rules: Path) -> None:
    rules.write_text(BRUTE_FORCE + "rule other when Logout emit Other(user) disabled\n")
    assert "rule `other` is disabled" in invoke("explain", rules, "--rule", "other").stderr


def test_generated_code(rules: Path) -> None:
    done = invoke("explain", rules, "--code")
    assert "# read_Login" in done.stdout
    assert "'failure'" in done.stdout
    assert "# read_Login" not in invoke("explain", rules).stdout


def test_the_code_of_one_rule_holds_nothing_of_the_others(rules: Path) -> None:
    other = 'rule other when Login(outcome == "strange") then no Login for 1 minute per user emit Other(user)\n'
    text = BRUTE_FORCE + other
    alone = invoke("explain", rules, "--code", "--json")
    rules.write_text("rule odd when Logout(x == 7) then Login(n == 7) within 1m per user emit Odd(user)\n" + text)
    both = json.loads(invoke("explain", rules, "--code", "--json").stdout)["code"]
    assert "strange" in str(both)
    assert "Logout" in str(both)
    code = json.loads(invoke("explain", rules, "--rule", "brute_force", "--code", "--json").stdout)["code"]
    assert "failure" in str(code)
    assert [word for word in ("strange", "Logout", "== 7") if word in str(code)] == []
    assert list(code) == list(json.loads(alone.stdout)["code"])
    two = invoke("explain", rules, "--rule", "other", "--rule", "odd", "--code").stdout
    assert "strange" in two
    assert "failure" not in two


def test_json(rules: Path) -> None:
    told = json.loads(invoke("explain", rules, "--json", "--code").stdout)
    [rule] = told["rules"]
    assert rule["rule"] == "brute_force"
    assert rule["reads"] == {"Login": ["outcome", "user"]}
    assert any(name.startswith("read_Login") for name in told["code"])


@pytest.mark.parametrize("text", ["CEP601", "cep601"])
def test_the_page_of_a_code(text: str) -> None:
    done = invoke("explain", text)
    assert done.exit_code == 0
    assert done.stdout.startswith("CEP601: record is not JSON\n\n")


def test_an_unknown_code() -> None:
    done = invoke("explain", "CEP000")
    assert done.exit_code == 3
    assert "there is no diagnostic code `CEP000`" in done.stderr


def test_rules_that_do_not_compile(tmp_path: Path) -> None:
    rules = tmp_path / "a.cep"
    rules.write_text("rule r when when")
    done = invoke("explain", rules)
    assert (done.exit_code, done.stdout) == (2, "")
