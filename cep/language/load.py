"""Rule files, a folder of them, or text, to checked rules: parsing and checking in one call. Language layer."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from cep.diagnostics import Diagnostic
from cep.errors import RuleError
from cep.language.check import check
from cep.language.checked import RuleSet
from cep.language.loader import PACK_PREFIX, parse_sources
from cep.language.parser import ParsedFile, parse
from cep.language.reader.recovery import DECLARATION_WORDS

TEXT_NAME = "<rules>"
"""What text that is in no file is called in diagnostics."""

_DECLARATION = re.compile(rf"\s*(?:#|(?:{'|'.join(DECLARATION_WORDS)})\b)")

Source = str | Path
"""A path, ``rules:NAME`` for a rule pack that ships, or the text of rules itself."""


def load_rules(source: Source | Iterable[Source], constants: Mapping[str, object] | None = None) -> RuleSet:
    """The checked rules of files, folders, rule packs, or of text.

    Text is told from a path by a line break, or by the keyword it begins with where no such path exists. ``constants``
    override ``let``, see :func:`cep.language.check.check`. Warnings are dropped; :func:`check_rules` gives them.

    Raises:
        RuleError: the rules are not usable; it has the diagnostics of all files, warnings included.
    """
    rules, diagnostics = check_rules(source, constants)
    if rules is None:
        raise RuleError(diagnostics)
    return rules


def check_rules(
    source: Source | Iterable[Source], constants: Mapping[str, object] | None = None
) -> tuple[RuleSet | None, list[Diagnostic]]:
    """The checked rules, null when there are errors, and all that was found."""
    return check(parse_rules(source), constants)


def parse_rules(source: Source | Iterable[Source]) -> list[ParsedFile]:
    """The parsed files behind a path, several paths, or text. What cannot be read is a diagnostic of its file."""
    if isinstance(source, str) and is_text(source):
        return [parse(source, TEXT_NAME)]
    return parse_sources(source)


def is_text(source: str) -> bool:
    """Whether a string is the text of rules and not a path."""
    if source.startswith(PACK_PREFIX):
        return False
    if "\n" in source or not source.strip():
        return True
    return _DECLARATION.match(source) is not None and not Path(source).exists()
