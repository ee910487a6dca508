"""What an author is told about text that does not parse: one case per mistake, one file per code."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pytest

from cep.diagnostic_codes import CODES
from cep.diagnostics import Diagnostic
from cep.language import syntax
from cep.language.parser import ParsedFile, parse
from cep.language.reader.grammar import grammar_parser
from cep.language.yaml_form import parse_yaml
from tests.language.golden import check_golden, golden_cases, split_case

CASES = golden_cases("syntax")


def parse_case(path: Path) -> ParsedFile:
    text, _ = split_case(path)
    return parse_yaml(text) if path.suffix == ".yaml" else parse(text)


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.name)
def test_case(path: Path) -> None:
    def diagnose(text: str) -> Iterable[Diagnostic]:
        return (parse_yaml(text) if path.suffix == ".yaml" else parse(text)).diagnostics

    check_golden(path, diagnose)


def test_every_code_has_a_case() -> None:
    found = {diagnostic.code for path in CASES for diagnostic in parse_case(path).diagnostics}
    assert found == {code for code in CODES if code.startswith("CEP1")}


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.name)
def test_case_is_named_after_its_code(path: Path) -> None:
    codes = [diagnostic.code for diagnostic in parse_case(path).diagnostics]
    assert not codes or path.name[:6] in codes


def test_no_message_holds_a_token_name() -> None:
    names = {terminal.name for terminal in grammar_parser().terminals}
    hidden = {name for name in names if name.startswith("_")} | {"NUMBER_WORD", "COALESCE", "QUOTED"}
    for path in CASES:
        for diagnostic in parse_case(path).diagnostics:
            words = {word.strip("`,.;") for word in f"{diagnostic.message} {diagnostic.hint}".split()}
            assert not words & hidden


def test_the_healthy_declarations_of_a_broken_file_are_read() -> None:
    text = "\n".join(
        [
            "event Login { user string }",
            "define failed login as Login(outcome = 1 2)",
            "let grace = 10 minutes",
            "rule one when failed login emit One(user)",
            "rule two when failed login emit Two(user",
            "table hosts from key host",
            "rule three when (A emit Three",
            "test x given expect nothing",
            "rule four when One then Two emit Four",
        ]
    )
    parsed = parse(text)
    assert [getattr(d, "name", None) for d in parsed.tree.declarations] == ["grace", "one", "two", "three", "four"]
    assert [d.broken for d in parsed.tree.declarations if isinstance(d, syntax.Rule)] == [
        frozenset(), {"emit"}, {"when"}, frozenset(),
    ]  # fmt: skip
    assert [d.span.line for d in parsed.diagnostics] == [1, 2, 5, 6, 7, 8]
    assert [(b.kind, b.name, b.emits) for b in parsed.broken] == [
        ("event", "Login", ()),
        ("define", "failed login", ()),
        ("rule", "two", ("Two",)),
        ("table", "hosts", ()),
        ("rule", "three", ("Three",)),
    ]


def test_indented_text_is_cut_at_its_own_margin() -> None:
    text = "\n    rule one when emit One\n\n    rule two\n      when A\n      emit Two\n"
    parsed = parse(text)
    assert [(d.name, d.broken) for d in parsed.tree.declarations] == [  # type: ignore[union-attr]
        ("one", {"when", "emit"}), ("two", frozenset()),
    ]  # fmt: skip
    assert [(d.code, d.span.line) for d in parsed.diagnostics] == [("CEP118", 2)]


def test_a_declaration_may_begin_anywhere_while_all_is_well() -> None:
    parsed = parse("let a = 1 let b = 2\n  define x as A rule r when x emit E\nevent E { event: int\nrule: int }")
    assert parsed.diagnostics == ()
    assert len(parsed.tree.declarations) == 5


@pytest.mark.parametrize(
    "text",
    [
        "rule x when " + "(" * 100_000,
        "rule x when " + "(" * 500 + "A" + ")" * 500 + " emit X",
        "let a = " + "[" * 5_000 + "]" * 5_000,
        "let a = " + "-" * 5_000 + "1",
        "let a = " + "not " * 5_000 + "b",
        "let a = " + " or ".join("x" * 5_000),
        "let a = " + "f(" * 2_000 + ")" * 2_000,
        "let a = " + ".".join("a" * 3_000),
        "let a = " + "if a then b else " * 2_000 + "c",
        "let a = " + " ** ".join("1" * 2_000),
        "event A { x: " + "list<" * 3_000 + "int" + ">" * 3_000 + " }",
        'let a = "' + "x" * 70_000 + '"',
        "rule x when A\n" * 3_000,
        "\x00",
        "`" * 1_000,
        "\ufeff",
    ],
    ids=range(16),
)
def test_hostile_text_ends_in_diagnostics(text: str) -> None:
    parsed = parse(text)
    assert parsed.diagnostics or not parsed.tree.declarations or len(parsed.tree.declarations) == 3_000


def test_an_expression_may_be_long_up_to_the_limit() -> None:
    assert parse("let a = " + " or ".join(["x"] * 200)).diagnostics == ()
    assert parse("let a = " + "(1 + " * 63 + "1" + ")" * 63).diagnostics == ()
    assert [d.code for d in parse("let a = " + "(1 + " * 65 + "1" + ")" * 65).diagnostics] == ["CEP125"]


def test_an_empty_file_is_fine() -> None:
    for text in ("", "\n\n", "# only a comment", "\t \r\n"):
        assert parse(text) == ParsedFile(parse("").tree)
