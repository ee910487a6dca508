"""How a finding is shown: in full with carets, in one line, as JSON."""

from __future__ import annotations

import json
import re

import pytest

from cep.diagnostic_codes import CODES
from cep.diagnostics import Diagnostic, Fix, Span, render_concise, render_full, to_json

TEXT = "rule one\n  when A\n\twhere a = b\n"


def found(line: int, column: int, end_line: int, end_column: int, **more: object) -> Diagnostic:
    return Diagnostic(
        "CEP112", "a single `=` does not compare", Span("a.cep", line, column, end_line, end_column), **more
    )  # type: ignore[arg-type]


def test_full() -> None:
    diagnostic = found(3, 10, 3, 11, hint="write `==`", related=((Span("a.cep", 2, 3, 2, 9), "the pattern"),))
    assert render_full(diagnostic, TEXT) == "\n".join(
        [
            "error[CEP112]: a single `=` does not compare",
            " --> a.cep:3:10",
            "  |",
            "3 |     where a = b",
            "  |             ^",
            " ::: a.cep:2:3",
            "  |",
            "2 |   when A",
            "  |   ^^^^^^ the pattern",
            "  = help: write `==`",
        ]
    )


def test_colours_change_nothing_else() -> None:
    diagnostic = found(3, 10, 3, 11, hint="write `==`", severity="warning")
    coloured = render_full(diagnostic, TEXT, color=True)
    assert "\x1b[1;33mwarning" in coloured
    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured) == render_full(diagnostic, TEXT)


def test_several_files_and_missing_texts() -> None:
    diagnostic = found(1, 1, 1, 5, related=((Span("b.cep", 12, 1, 12, 4), "the other"),))
    full = render_full(diagnostic, {"a.cep": TEXT})
    assert "1  | rule one" not in full
    assert " 1 | rule one\n   | ^^^^\n  ::: b.cep:12:1: the other" in full
    assert render_full(diagnostic, {"a.cep": TEXT, "b.cep": "\n" * 11 + "let x"}).endswith(
        "12 | let x\n   | ^^^ the other"
    )
    assert render_full(diagnostic, None).splitlines()[1:] == ["  --> a.cep:1:1", "  ::: b.cep:12:1: the other"]
    assert render_full(Diagnostic("CEP502", "no rules", Span("", 0, 0, 0, 0)), None) == "error[CEP502]: no rules"
    assert render_full(Diagnostic("CEP502", "no rules", Span("rules", 0, 0, 0, 0)), "").endswith("--> rules:0:0")


@pytest.mark.parametrize(
    ("line", "span", "shown", "carets"),
    [
        ("a\tb", (3, 4), "a   b", "    ^"),
        ("\t\tb", (3, 4), "        b", "        ^"),
        ("漢字 = b", (4, 5), "漢字 = b", "     ^"),
        ("漢字 = b", (1, 3), "漢字 = b", "^^^^"),
        ("e\u0301 = b", (4, 5), "e\u0301 = b", "  ^"),
        ("a\x1b[31m\u202eb", (8, 9), "a\\x1b[31m\\u202eb", "               ^"),
        ("ab", (3, 4), "ab", "  ^"),
        ("ab\r", (3, 4), "ab", "  ^"),
        ("", (1, 1), "", "^"),
    ],
)
def test_carets_stand_under_what_they_mean(line: str, span: tuple[int, int], shown: str, carets: str) -> None:
    lines = render_full(found(1, span[0], 1, span[1]), f"{line}\nnext").splitlines()
    assert lines[3] == f"1 | {shown}".rstrip()
    assert lines[4] == f"  | {carets}"


def test_long_lines_are_cut_around_the_place() -> None:
    line = "x" * 500 + "HERE" + "y" * 500
    lines = render_full(found(1, 501, 1, 505), line).splitlines()
    assert len(lines[3]) < 130
    assert lines[3].startswith("1 | …")
    assert lines[3].endswith("…")
    assert lines[3][lines[4].index("^") : lines[4].rindex("^") + 1] == "HERE"
    assert len(render_full(found(1, 1, 1, 900), line).splitlines()[4]) < 130


def test_spans_of_many_lines_show_the_first() -> None:
    lines = render_full(found(1, 6, 3, 4), TEXT).splitlines()
    assert lines[3:5] == ["1 | rule one", "  |      ^^^ (to line 3)"]


def test_a_rule_file_cannot_write_to_the_terminal() -> None:
    evil = "\x1b]0;title\x07\u202e"
    diagnostic = Diagnostic("CEP100", evil, Span(evil, 1, 1, 1, 2), evil, related=((Span(evil, 1, 1, 1, 2), evil),))
    shown = render_full(diagnostic, {evil: evil})
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]", shown)


def test_json() -> None:
    related = ((Span("a.cep", 2, 3, 2, 9), "the pattern"),)
    fix = Fix(Span("a.cep", 3, 10, 3, 11), "==")
    diagnostic = found(3, 10, 3, 11, hint="write `==`", related=related, fix=fix)
    data = json.loads(json.dumps(to_json(diagnostic)))
    assert data == {
        "code": "CEP112", "severity": "error", "message": "a single `=` does not compare", "hint": "write `==`",
        "file": "a.cep", "line": 3, "column": 10, "end_line": 3, "end_column": 11,
        "related": [
            {"message": "the pattern", "file": "a.cep", "line": 2, "column": 3, "end_line": 2, "end_column": 9}
        ],
        "fix": {"replacement": "==", "file": "a.cep", "line": 3, "column": 10, "end_line": 3, "end_column": 11},
    }  # fmt: skip
    assert to_json(found(1, 1, 1, 2))["fix"] is None


def test_the_fix_is_shown() -> None:
    fixed = found(3, 10, 3, 11, hint="write `==`", fix=Fix(Span("a.cep", 3, 10, 3, 11), "=="))
    assert render_full(fixed, TEXT).endswith("\n  = help: write `==`\n  = fix: `cep check --fix` writes `==`")
    removed = found(3, 10, 3, 11, fix=Fix(Span("a.cep", 3, 10, 3, 11), ""))
    assert render_full(removed, TEXT).endswith("\n  = fix: `cep check --fix` takes it out")


def test_one_line() -> None:
    shown = render_concise(found(3, 10, 3, 11, hint="write `==`"))
    assert shown == "a.cep:3:10: error[CEP112]: a single `=` does not compare; write `==`"


def test_codes_are_told_in_sentences() -> None:
    for code, page in CODES.items():
        assert page.code == code
        assert re.fullmatch(r"CEP\d{3}", code)
        assert not page.title.endswith(".")
        assert page.explanation.endswith((".", "`"))
