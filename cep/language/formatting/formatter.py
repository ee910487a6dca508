"""Rule files in their canonical form, held against what they said before. Language layer.

Formatting never changes what rules mean: the new text is read again, and unless its tree and its comments are those of
the old one, nothing is given out.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from cep.diagnostics import Diagnostic
from cep.errors import CepError
from cep.language import syntax
from cep.language.formatting.concrete import comments_of
from cep.language.formatting.declarations import format_rules
from cep.language.formatting.to_rules import yaml_to_rules
from cep.language.formatting.to_yaml import rules_to_yaml
from cep.language.formatting.yaml_reading import read_tree, yaml_comments
from cep.language.formatting.yaml_text import yaml_text
from cep.language.parser import ParsedFile, parse
from cep.language.yaml_form import parse_yaml

Form = Literal["cep", "yaml"]


class FormattingBug(CepError):
    """The formatted text does not say what the text said. A bug of ours; the text stays as it is."""


@dataclass(frozen=True, slots=True)
class Formatted:
    """A text in its canonical form, null where the text has errors; and what was found in it."""

    text: str | None
    diagnostics: tuple[Diagnostic, ...] = ()


def format_text(text: str, file: str = "<rules>", form: Form = "cep", to: Form | None = None) -> Formatted:
    """The canonical form of a rule file, in ``form`` or in the other with ``to``.

    Raises:
        FormattingBug: the result would mean something else.
        Unsayable: the other form has no words for a part of it.
    """
    text = text.replace("\r\n", "\n")
    to = to or form
    parsed = _read(text, file, form)
    if any(found.severity == "error" for found in parsed.diagnostics):
        return Formatted(None, parsed.diagnostics)
    result = _settled(_made(text, parsed.tree, form, to), to)
    _hold(result, to, parsed, file)
    if sorted(_comments(result, to)) != sorted(_comments(text, form)):
        raise FormattingBug(f"formatting would lose a comment of `{file}`, so it stays as it is")
    return Formatted(result)


def _settled(text: str, form: Form) -> str:
    """The text formatted until nothing changes: a comment that had to move may have found a place where it moves on."""
    for _ in range(_MOST_PASSES):
        again = format_rules(text) if form == "cep" else yaml_text(*read_tree(text))
        if again == text:
            break
        text = again
    return text


_MOST_PASSES = 8


def _made(text: str, tree: syntax.RuleFile, form: Form, to: Form) -> str:
    if form == "cep":
        return format_rules(text) if to == "cep" else yaml_text(*rules_to_yaml(text, tree))
    if to == "yaml":
        return yaml_text(*read_tree(text))
    return format_rules(yaml_to_rules(*read_tree(text), sorted_by_kind(tree)))


def _read(text: str, file: str, form: Form) -> ParsedFile:
    return parse(text, file) if form == "cep" else parse_yaml(text, file)


def _comments(text: str, form: Form) -> list[str]:
    return comments_of(text) if form == "cep" else yaml_comments(text)


def _hold(result: str, form: Form, parsed: ParsedFile, file: str) -> None:
    """Reads the result and compares."""
    again = _read(result, file, form)
    if any(found.severity == "error" for found in again.diagnostics):
        raise FormattingBug(f"formatting would make `{file}` unreadable, so it stays as it is")
    if sorted_by_kind(again.tree) != sorted_by_kind(parsed.tree):
        raise FormattingBug(f"formatting would change what `{file}` means, so it stays as it is")


_KINDS = (syntax.EventDeclaration, syntax.Definition, syntax.Constant, syntax.Table, syntax.Rule, syntax.RuleTest)


def sorted_by_kind(tree: syntax.RuleFile) -> syntax.RuleFile:
    """The declarations of each kind in their order, one kind after the other: the order of kinds means nothing, and
    the YAML form has them apart."""
    ordered = sorted(tree.declarations, key=lambda declaration: _KINDS.index(type(declaration)))
    return replace(tree, declarations=tuple(ordered))
