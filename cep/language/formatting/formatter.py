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
from cep.language.parser import ParsedFile, parse

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
    """
    text = text.replace("\r\n", "\n")
    parsed = _read(text, file, form)
    if any(found.severity == "error" for found in parsed.diagnostics):
        return Formatted(None, parsed.diagnostics)
    result = format_rules(text)
    _hold(result, to or form, parsed, text, file)
    return Formatted(result)


def _read(text: str, file: str, form: Form) -> ParsedFile:
    return parse(text, file)


def _hold(result: str, form: Form, parsed: ParsedFile, text: str, file: str) -> None:
    """Reads the result and compares."""
    again = _read(result, file, form)
    if any(found.severity == "error" for found in again.diagnostics):
        raise FormattingBug(f"formatting would make `{file}` unreadable, so it stays as it is")
    if sorted_by_kind(again.tree) != sorted_by_kind(parsed.tree):
        raise FormattingBug(f"formatting would change what `{file}` means, so it stays as it is")
    if comments_of(result) != comments_of(text):
        raise FormattingBug(f"formatting would lose a comment of `{file}`, so it stays as it is")


_KINDS = (syntax.EventDeclaration, syntax.Definition, syntax.Constant, syntax.Table, syntax.Rule, syntax.RuleTest)


def sorted_by_kind(tree: syntax.RuleFile) -> syntax.RuleFile:
    """The declarations of each kind in their order, one kind after the other: the order of kinds means nothing, and
    the YAML form has them apart."""
    ordered = sorted(tree.declarations, key=lambda declaration: _KINDS.index(type(declaration)))
    return replace(tree, declarations=tuple(ordered))
