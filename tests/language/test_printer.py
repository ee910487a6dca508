"""What is printed reads back as the same tree."""

from __future__ import annotations

from typing import Any

from hypothesis import given

from cep.language import syntax
from cep.language.parser import parse, parse_expression, parse_fragment, parse_pattern
from cep.language.printer import print_duration, print_expression, print_file, print_pattern
from tests.language import trees


def read_back(tree: syntax.RuleFile) -> None:
    text = print_file(tree)
    parsed = parse(text)
    assert parsed.diagnostics == (), text
    assert parsed.tree == tree, text
    assert print_file(parsed.tree) == text


@given(trees.expressions(20))
def test_expressions_read_back(tree: Any) -> None:
    parsed = parse_expression(print_expression(tree))
    assert parsed.diagnostics == (), print_expression(tree)
    assert parsed.value == tree, print_expression(tree)


@given(trees.patterns(10))
def test_patterns_read_back(tree: Any) -> None:
    parsed = parse_pattern(print_pattern(tree))
    assert parsed.diagnostics == (), print_pattern(tree)
    assert parsed.value == (tree, None), print_pattern(tree)


@given(trees.durations)
def test_durations_read_back(tree: Any) -> None:
    assert parse_fragment("duration", print_duration(tree)).value == tree, print_duration(tree)


@given(trees.rules())
def test_rules_read_back(rule: syntax.Rule) -> None:
    read_back(syntax.RuleFile((rule,)))


@given(trees.files())
def test_files_read_back(tree: syntax.RuleFile) -> None:
    read_back(tree)
