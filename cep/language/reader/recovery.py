"""Where declarations begin, and what a broken one would have declared. Language layer.

A declaration begins on a line that starts with its keyword and is indented no further than the least indented such
line of the file. Only text is looked at here: it must work on what the parser cannot read.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal, cast

from cep.diagnostics import Diagnostic
from cep.language.words import CLAUSE_WORDS, PATTERN_ENDS, PATTERN_STARTS, is_misspelt

Kind = Literal["event", "define", "let", "table", "rule", "test"]

DECLARATION_WORDS = ("event", "define", "let", "table", "rule", "test")

_NO_RULE_NAMES = frozenset(DECLARATION_WORDS) | PATTERN_ENDS | PATTERN_STARTS | frozenset(CLAUSE_WORDS)
_START = re.compile(rf"^(?P<indent>[ \t]*)(?:{'|'.join(DECLARATION_WORDS)})\b(?![ \t]*[:,.)\]])", re.MULTILINE)
_WORD = r"(?:[^\W\d]\w*|@\w+|`[^`\n]+`)"
_LINE = re.compile(rf"^(?P<indent>[ \t]*)(?P<word>[A-Za-z]+)[ \t]+(?P<name>{_WORD}|\")", re.MULTILINE)
_RULE_HEAD = rf"{_WORD}[ \t]*(?:(?:#[^\n]*)?$|(?=\"|'|(?:when|from|emit)\b))"
_HEADLESS = re.compile(
    rf"^(?P<indent>[ \t]*)(?:(?:[^\s\w\"'#]+|\d+)[ \t]+)?(?P<word>{_WORD})[ \t]*"
    rf"(?=\n[ \t]+(?:\"|when\b|from\b)|(?:when|from)[ \t]+{_WORD})",
    re.MULTILINE,
)
_BEHIND = re.compile(
    rf"^(?P<indent>[ \t]*)(?!rule\b)(?:[^\s\"'#]+)[ \t]+(?P<start>rule)[ \t]+{_RULE_HEAD}", re.MULTILINE
)
_NAMED = re.compile(rf"\b(event|let|table|rule)[ \t]+({_WORD})")
_DEFINED = re.compile(rf"\bdefine[ \t]+({_WORD}(?:[ \t]+{_WORD})*?)[ \t]*(\b(?:as|is|means)\b|[(=:]|$)", re.MULTILINE)
_EMITTED = re.compile(rf"\bemit\s+({_WORD})")


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a file that begins at the offset ``start``."""

    text: str
    start: int


@dataclass(frozen=True, slots=True)
class Broken:
    """A declaration that could not be read: what it is, its name (a phrase for ``define``), and the types it emits.

    The name is empty for a rule whose name is not known, and for what may have been a rule.
    """

    kind: Kind
    name: str
    emits: tuple[str, ...] = ()


def cut(text: str) -> list[Piece]:
    """The pieces of a file, one for each line that begins a declaration, and what stands before the first."""
    starts = [(match.start(), _width(match["indent"])) for match in _START.finditer(text)]
    least = min((indent for _, indent in starts), default=0)
    offsets = {offset for offset, indent in starts if indent == least}
    offsets |= {match.start() for match in _LINE.finditer(text) if _misspelt_start(match, least)}
    offsets |= {match.start("word") for match in _HEADLESS.finditer(text) if _lacks_rule(match, least)}
    offsets |= {match.start("start") for match in _BEHIND.finditer(text) if _width(match["indent"]) <= least}
    bounds = [*sorted({0, *offsets}), len(text)]
    return [Piece(text[start:end], start) for start, end in pairwise(bounds)]


def _width(indent: str) -> int:
    return len(indent.expandtabs(8))


def _misspelt_start(line: re.Match[str], least: int) -> bool:
    return _width(line["indent"]) == least and misspelt_declaration(line["word"]) is not None


def _lacks_rule(line: re.Match[str], least: int) -> bool:
    """Whether the line is that of a rule without the word `rule`, perhaps with the blank that stood behind it."""
    return _width(line["indent"]) <= least + 1 and line["word"] not in _NO_RULE_NAMES


def misspelt_declaration(word: str) -> Kind | None:
    """The declaration that is meant by a word that is nearly its keyword."""
    if word in DECLARATION_WORDS:
        return None
    if word.lower() in DECLARATION_WORDS:
        return cast("Kind", word.lower())
    if word in ("alert", "alarm"):
        return "rule"
    return cast("Kind | None", is_misspelt(word, DECLARATION_WORDS))


def broken_names(text: str) -> tuple[Broken, ...]:
    """What the declarations in an unreadable text would have declared, as far as can be seen."""
    text = _mended(re.sub(r"#[^\n]*", "", text))
    found: list[Broken] = []
    emits = tuple(dict.fromkeys(_bare(name) for name in _EMITTED.findall(text)))
    for kind, name in _NAMED.findall(text):
        found.append(Broken(kind, _bare(name), emits if kind == "rule" else ()))
    for words, end in _DEFINED.findall(text):
        named = [_bare(word) for word in re.findall(_WORD, words)]
        # Where `as` is missing the event itself follows the name, and any of the words may be its first.
        least = len(named) if end == "as" else 1
        found.extend(Broken("define", " ".join(named[:count])) for count in range(len(named), least - 1, -1))
    if emits and not any(item.emits for item in found):
        found.append(Broken("rule", "", emits))
    return tuple(found)


def is_harmless(diagnostic: Diagnostic) -> bool:
    """Whether what was read next to the mistake is still what the author meant, so that it can be checked."""
    return diagnostic.code in _HARMLESS


_HARMLESS = frozenset({"CEP108", "CEP109", "CEP120", "CEP122"})


def _mended(text: str) -> str:
    first = _LINE.match(text)
    kind = misspelt_declaration(first["word"]) if first else None
    return f"{kind}{text[first.end('word') :]}" if first and kind else text


def _bare(name: str) -> str:
    return name.strip("`")
