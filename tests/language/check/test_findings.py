"""What an author is told about rules that read well and have no meaning: one file per code."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path

import pytest

from cep.diagnostic_codes import CODES
from cep.diagnostics import Diagnostic
from cep.language.check import check
from cep.language.parser import parse
from cep.language.yaml_form import parse_yaml
from tests.language.golden import check_golden, golden_cases, split_case

CASES = golden_cases("check")


def diagnose(text: str) -> Iterable[Diagnostic]:
    return check([parse(text)])[1]


def found_in(text: str, **constants: object) -> list[str]:
    return [d.code for d in check([parse(text)], constants)[1]]


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.name)
def test_case(path: Path) -> None:
    read = parse_yaml if path.suffix == ".yaml" else parse
    check_golden(path, lambda text: check([read(text)])[1])


@pytest.mark.parametrize("path", [p for p in CASES if p.name.startswith("CEP")], ids=lambda path: path.name)
def test_case_shows_its_code_alone(path: Path) -> None:
    """None of the findings is caused by another: the files hold mistakes of one kind."""
    assert {d.code for d in diagnose(split_case(path)[0])} == {path.name[:6]}


def test_every_code_has_a_case() -> None:
    """But those of the planner (CEP49x), of the parser, and the one below."""
    found = {
        d.code for path in CASES if path.suffix == ".cep" for d in diagnose(split_case(path)[0]) if d.code[3] != "1"
    }
    wanted = {code for code in CODES if code[3] in "234" and not code.startswith("CEP49")}
    assert found == wanted - {"CEP423"}


def test_ten_mistakes_are_ten_findings() -> None:
    [path] = [path for path in CASES if path.stem == "ten_mistakes"]
    found = list(diagnose(split_case(path)[0]))
    assert len(found) == 10
    assert len({(d.span.line, d.code) for d in found}) == 10


def test_a_definition_is_told_of_once_however_often_it_is_used() -> None:
    uses = "\n".join(f"rule r{n} when bad(x == {n})" for n in range(5))
    assert found_in(f"event A {{ x: int }}\ndefine bad as A(y == 1 and foo(x))\n{uses}") == ["CEP204", "CEP211"]


def test_syntax_and_meaning_come_in_the_order_of_the_files() -> None:
    one = parse("rule a when faild login\nlet x = = 1", "a.cep")
    two = parse("rule b when faild logout\nlet y = = 1", "b.cep")
    found = check([two, one])[1]
    assert [(d.span.file, d.code) for d in found] == [
        ("b.cep", "CEP202"), ("b.cep", "CEP100"), ("a.cep", "CEP202"), ("a.cep", "CEP100"),
    ]  # fmt: skip


def test_files_are_one_namespace() -> None:
    rules = parse("rule r when three failed logins within grace emit R(user)", "a.cep")
    words = parse('define failed login as Login(outcome == "failure")\nlet grace = 5 minutes', "b.cep")
    checked, found = check([rules, words])
    assert found == []
    assert checked is not None
    assert checked.rules[0].within_us == 300_000_000


def test_declarations_that_build_on_each_other_too_deeply() -> None:
    chain = "\n".join(f"define e{n} as e{n - 1}" for n in range(1_000, 1, -1))
    assert "CEP423" in found_in(f"define e1 as A\n{chain}\nrule r when e1000")


class TestOverrides:
    RULES = """
        let grace = 10 minutes
        let most = 3
        let share = 0.5
        let zone = "UTC"
        let users = ["ann"]
        rule r when A(n > most and s > share and z == zone and u in users) then B within grace
    """

    @pytest.mark.parametrize(
        ("name", "given", "value"),
        [
            ("grace", "5m", 300_000_000),
            ("grace", "5 minutes", 300_000_000),
            ("grace", timedelta(seconds=30), 30_000_000),
            ("most", "7", 7),
            ("most", 7, 7),
            ("share", "1", 1),
            ("share", 0.25, 0.25),
            ("zone", "Europe/Berlin", "Europe/Berlin"),
            ("zone", '"5"', "5"),
            ("zone", "5", "5"),
            ("users", '["bob", "cy"]', ("bob", "cy")),
            ("users", ["bob", "cy"], ("bob", "cy")),
        ],
    )
    def test_values(self, name: str, given: object, value: object) -> None:
        rules, found = check([parse(self.RULES)], {name: given})
        assert found == []
        assert rules is not None
        assert rules.constants[name].value == value

    def test_a_bound_follows_its_constant(self) -> None:
        rules, _ = check([parse(self.RULES)], {"grace": "5m"})
        assert rules is not None
        assert rules.rules[0].within_us == 300_000_000

    @pytest.mark.parametrize(
        ("name", "given", "code", "hint"),
        [
            ("grce", "5m", "CEP510", "did you mean `grace`?"),
            ("grace", "5", "CEP511", "write it as in the rules, such as `--set grace=5m`"),
            ("grace", "-5m", "CEP313", "write a positive duration such as `5 minutes`"),
            ("most", "2.5", "CEP511", None),
            ("most", object(), "CEP511", None),
            ("most", "1 +", "CEP511", None),
            ("most", "x", "CEP205", None),
            ("most", True, "CEP511", None),
            ("users", "5", "CEP511", None),
        ],
    )
    def test_findings(self, name: str, given: object, code: str, hint: str | None) -> None:
        rules, found = check([parse(self.RULES)], {name: given})
        assert rules is None
        assert [d.code for d in found] == [code]
        assert hint is None or found[0].hint == hint
