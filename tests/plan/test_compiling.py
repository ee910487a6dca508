"""Rules to a plan in one call, and what an engine keeps of it."""

from __future__ import annotations

from pathlib import Path

import pytest

import cep
from cep.plan.compiling import compile_rules

UNUSED = 'define failed login as Login(outcome == "failure")\n'
NOT_YET = "rule later when A to alerts emit X()\n"


def test_a_plan_with_its_warnings() -> None:
    compiled = compile_rules(UNUSED + "rule r when A emit R()\nrule s when A emit S() disabled\n")
    assert compiled.plan is not None
    assert compiled.rules is not None
    assert [rule.name for rule in compiled.plan.rules] == ["r"]
    assert [d.code for d in compiled.diagnostics] == [d.code for d in compiled.warnings] == ["CEP220"]
    assert (compiled.errors, compiled.count, list(compiled.texts)) == ((), 2, ["<rules>"])


def test_constants() -> None:
    assert compile_rules("let n = 1\nrule r when A(x > n) emit R()\n", {"n": "2"}).errors == ()
    assert [d.code for d in compile_rules("rule r when A emit R()", {"n": 2}).errors] == ["CEP510"]


def test_findings_of_all_stages_and_files_are_in_the_order_of_the_files(tmp_path: Path) -> None:
    (tmp_path / "a.cep").write_text(NOT_YET)
    (tmp_path / "b.cep").write_text(UNUSED)
    (tmp_path / "c.cep").write_text(NOT_YET.replace("later", "other").replace("emit X(", "emit Other("))
    compiled = compile_rules(tmp_path)
    assert compiled.plan is None
    assert compiled.rules is not None
    assert [(Path(d.span.file).name, d.code) for d in compiled.diagnostics] == [
        ("a.cep", "CEP490"),
        ("b.cep", "CEP220"),
        ("c.cep", "CEP490"),
    ]
    assert [Path(file).name for file in compiled.texts] == ["a.cep", "b.cep", "c.cep"]
    assert compiled.count == 2


def test_what_cannot_be_read_is_a_finding(tmp_path: Path) -> None:
    compiled = compile_rules([tmp_path / "none.cep"])
    assert [d.code for d in compiled.errors] == ["CEP501"]
    assert (compiled.plan, compiled.rules, compiled.count, compiled.texts) == (None, None, 0, {})


class TestEngine:
    def test_it_keeps_the_warnings(self) -> None:
        engine = cep.Engine.from_rules(UNUSED + "rule r when A emit R()\n")
        assert [warning.code for warning in engine.warnings] == ["CEP220"]
        assert cep.Engine(engine.plan, cep.Options()).warnings == ()

    @pytest.mark.parametrize("broken", [NOT_YET, "rule r when A emit R(nope(1))\n"])
    def test_an_error_has_the_warnings_too(self, broken: str) -> None:
        with pytest.raises(cep.RuleError) as caught:
            cep.Engine.from_rules(UNUSED + "rule a when Reading emit Readin()\n" + broken)
        found = caught.value.diagnostics
        assert {d.severity for d in found} == {"warning", "error"}
        assert found == cep.compile_rules(UNUSED + "rule a when Reading emit Readin()\n" + broken).diagnostics
