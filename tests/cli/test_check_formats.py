"""``cep check --format``: each form is parsed as its readers parse it."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import unquote
from xml.etree import ElementTree

import pytest

from cep.cli.formats import github, junit, sarif
from cep.diagnostics import Diagnostic, Fix, Span
from cep.plan.compiling import Compilation
from tests.cli.command import invoke

RULES = (
    "event A { x: int }\nrule a\n  when A(y = 1) then B\n  emit X(n = cuont())\nrule b when A then B emit Y(n = 1)\n"
)
ODD = "50%: a, b\nnext::error\r"


@pytest.fixture
def rules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "my rules" / "a, b.cep"
    path.parent.mkdir()
    path.write_text(RULES, "utf-8")
    (tmp_path / "my rules" / "clean.cep").write_text("rule c when C emit Y(n)\n", "utf-8")
    return path


def odd(file: str) -> Compilation:
    """Findings that hold what the forms give a meaning to."""
    span = Span(file, 1, 1, 1, 3)
    found = (
        Diagnostic("CEP100", ODD, span, "a hint: %0A", related=((span, "related, too"),), fix=Fix(span, '"<&>"')),
        Diagnostic("CEP502", "no \x1b[31m\x00\ufffe rules", Span("nosuch", 0, 0, 0, 0)),
        Diagnostic("CEP999", "over lines", Span(file, 1, 2, 2, 1), severity="warning"),
    )
    return Compilation(None, None, found, {file: "ab\ncd"}, 1)


# ---- github ----


def commands(text: str) -> list[tuple[str, dict[str, str], str]]:
    """As the runner reads them."""
    found = []
    for line in text.splitlines():
        match = re.fullmatch(r"::(\w+) (.*?)::(.*)", line)
        assert match, line
        pairs = (pair.partition("=") for pair in match[2].split(","))
        properties = {name: unescaped(value) for name, _, value in pairs}
        found.append((match[1], properties, unescaped(match[3])))
    return found


def unescaped(text: str) -> str:
    for code, sign in (("%2C", ","), ("%3A", ":"), ("%0A", "\n"), ("%0D", "\r"), ("%25", "%")):
        text = text.replace(code, sign)
    return text


def test_github(rules: Path) -> None:
    done = invoke("check", "my rules", "--format", "github")
    assert done.exit_code == 2
    told = commands(done.stdout)
    assert [(kind, p["title"]) for kind, p, _ in told] == [
        ("warning", "CEP415"), ("error", "CEP214"), ("error", "CEP211"), ("warning", "CEP415"),
    ]  # fmt: skip
    assert told[1][1] == {
        "file": "my rules/a, b.cep", "line": "3", "col": "10", "endLine": "3", "endColumn": "15", "title": "CEP214",
    }  # fmt: skip
    assert told[2][2] == "no function is called `cuont`\ndid you mean `count`?"
    assert "2 rules" not in done.stdout
    assert "3 rules in 2 files, 2 errors, 2 warnings" in done.stderr


def test_github_escapes() -> None:
    [(kind, properties, message), nowhere, over_lines] = commands(github.write(odd("c:\\a,b.cep")))
    assert (kind, properties["file"], message) == ("error", "c:\\a,b.cep", f"{ODD}\na hint: %0A")
    assert "line" not in nowhere[1]
    assert over_lines[0] == "warning"
    assert "endColumn" not in over_lines[1]


# ---- SARIF ----


def test_sarif(rules: Path) -> None:
    done = invoke("check", "my rules", "--format", "sarif")
    assert done.exit_code == 2
    log = json.loads(done.stdout)
    assert_sarif(log)
    [run] = log["runs"]
    assert [r["id"] for r in run["tool"]["driver"]["rules"]] == ["CEP211", "CEP214", "CEP415"]
    assert all("Wrong:" in r["help"]["text"] and "```" in r["help"]["markdown"] for r in run["tool"]["driver"]["rules"])
    second = run["results"][1]
    place = second["locations"][0]["physicalLocation"]
    assert unquote(place["artifactLocation"]["uri"]) == "my rules/a, b.cep"
    assert place["region"] == {"startLine": 3, "startColumn": 10, "endLine": 3, "endColumn": 15}
    [change] = second["fixes"][0]["artifactChanges"]
    assert change["replacements"][0]["insertedContent"]["text"] == "y == "


def test_sarif_of_odd_texts_and_of_nothing(tmp_path: Path) -> None:
    outside = tmp_path / "ü.cep"
    outside.write_text("")
    log = json.loads(sarif.write(odd(str(outside))))
    assert_sarif(log)
    first, nowhere, unknown = log["runs"][0]["results"]
    assert first["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == outside.as_uri()
    assert first["relatedLocations"][0]["message"]["text"] == "related, too"
    assert "region" not in nowhere["locations"][0]["physicalLocation"]
    assert unknown["ruleId"] == "CEP999"
    assert_sarif(json.loads(sarif.write(Compilation(None, None, (), {}, 0))))


def assert_sarif(log: dict[str, Any]) -> None:
    """What the standard asks of the parts that are used (SARIF 2.1.0, sections 3.13 to 3.58)."""
    assert log["version"] == "2.1.0"
    assert log["$schema"].endswith("sarif-2.1.0.json")
    for run in log["runs"]:
        driver = run["tool"]["driver"]
        assert driver["name"] == "cep"
        ids = [rule["id"] for rule in driver["rules"]]
        assert len(ids) == len(set(ids))
        assert run["columnKind"] in ("utf16CodeUnits", "unicodeCodePoints")
        assert all(isinstance(each["executionSuccessful"], bool) for each in run["invocations"])
        for result in run["results"]:
            assert result["message"]["text"]
            assert result["level"] in ("none", "note", "warning", "error")
            assert ids[result["ruleIndex"]] == result["ruleId"]
            places = [each["physicalLocation"] for each in [*result["locations"], *result.get("relatedLocations", [])]]
            for place in places:
                assert re.fullmatch(r"[A-Za-z0-9._~%!$&'()*+,;=:@/-]+", place["artifactLocation"]["uri"])
                assert_region(place.get("region"))
            for fix in result.get("fixes", []):
                assert fix["description"]["text"]
                for change in fix["artifactChanges"]:
                    assert change["artifactLocation"]["uri"]
                    assert change["replacements"]
                    for replacement in change["replacements"]:
                        assert_region(replacement["deletedRegion"])


def assert_region(region: dict[str, int] | None) -> None:
    if region is not None:
        assert min(region.values()) >= 1
        start, end = (region["startLine"], region["startColumn"]), (region["endLine"], region["endColumn"])
        assert start <= end


# ---- JUnit ----


def test_junit(rules: Path) -> None:
    done = invoke("check", "my rules", "--format", "junit")
    assert done.exit_code == 2
    root = ElementTree.fromstring(done.stdout.encode())
    assert (root.tag, root.get("tests"), root.get("failures")) == ("testsuites", "5", "2")
    suites = {suite.get("name"): suite for suite in root}
    assert set(suites) == {"my rules/a, b.cep", "my rules/clean.cep"}
    for suite in suites.values():
        cases = suite.findall("testcase")
        assert suite.get("tests") == str(len(cases))
        assert suite.get("failures") == str(len(suite.findall("testcase/failure")))
        assert all(case.get("classname") and case.get("name") for case in cases)
    [clean] = suites["my rules/clean.cep"]
    assert list(clean) == []
    failure = suites["my rules/a, b.cep"].find("testcase[@name='CEP214 3:10']/failure")
    assert failure is not None
    assert failure.get("message", "").startswith("a condition compares with `==`")
    assert "^^^^^" in (failure.text or "")


def test_denied_warnings_fail_in_junit(rules: Path) -> None:
    rules.write_text("rule b when A then B emit Y(n = 1)\n")
    for more, failures in ((), 0), (("--deny", "warnings"), 1):
        done = invoke("check", rules, "--format", "junit", *more)
        assert done.exit_code == failures
        assert ElementTree.fromstring(done.stdout.encode()).get("failures") == str(failures)


def test_junit_of_odd_texts() -> None:
    root = ElementTree.fromstring(junit.write(odd("a.cep")).encode())
    assert root.get("failures") == "2"
    assert "\\x1b" in ElementTree.tostring(root, encoding="unicode")


# ---- the others ----


def test_json_and_concise(rules: Path) -> None:
    done = invoke("check", rules, "--format", "json")
    told = json.loads(done.stdout)
    assert told == json.loads(invoke("check", rules, "--json").stdout)
    assert [d["fix"] and d["fix"]["replacement"] for d in told["diagnostics"]] == [None, "y == ", "count", None]
    concise = invoke("check", rules, "--format", "concise").stdout.splitlines()
    assert len(concise) == 4
    assert concise[1].endswith("a, b.cep:3:10: error[CEP214]: a condition compares with `==`, a single `=` gives a value; write `y == …`")  # fmt: skip


def test_nothing_found(rules: Path) -> None:
    rules.write_text("rule c when C emit Z(n)\n")
    assert invoke("check", rules, "--format", "github").stdout == ""
    assert json.loads(invoke("check", rules, "--format", "sarif").stdout)["runs"][0]["results"] == []
    assert invoke("check", rules, "--format", "concise").stdout == ""
