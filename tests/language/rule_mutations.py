"""Mistakes put into good rules: the rules, their clauses, and one-token mutations of them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from cep.diagnostics import Diagnostic
from cep.language.check import check
from cep.language.parser import parse
from cep.language.reader.recovery import cut
from tests.bench import checking
from tests.documentation.blocks import blocks
from tests.language.golden import CASES, split_case

ROOT = Path(__file__).parents[2]
TOKEN = re.compile(
    r"""\#[^\n]*|`[^`\n]*`|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|/(?:\\.|[^/\\\n])+/[a-z]*(?=[\s)])|[^\W\d]\w*|\d[\w.]*"""
    r"""|->|\*\*|\?\?|[=!<>]=|\S"""
)
INSERTED = ("=", ")", "(", "and", "then", "1", '"x"', ",", "when", "foo", "==", "]")


@dataclass(frozen=True)
class Mutation:
    """One token deleted, inserted or swapped with the next at the offset ``at`` of the new text."""

    text: str
    at: int
    kind: str


@dataclass(frozen=True)
class GoodFile:
    """A rule file without errors; ``beside`` is what it needs of another file."""

    path: Path
    text: str
    beside: str

    def found(self, text: str) -> list[Diagnostic]:
        """What is found in a changed text and not in the good one."""
        known = _known(self)
        return [d for d in _check(text, self.beside) if (d.code, d.message) not in known]

    def rules(self) -> list[tuple[int, int]]:
        """Where the rules begin and end."""
        pieces = [piece for piece in cut(self.text) if re.match(r"\s*(?:#[^\n]*\n\s*)*rule\b", piece.text)]
        return [(piece.start, piece.start + len(piece.text)) for piece in pieces]


def _check(text: str, beside: str) -> list[Diagnostic]:
    return check([parse(text, "good.cep"), parse(beside, "beside.cep")])[1]


@cache
def _known(good: GoodFile) -> frozenset[tuple[str, str]]:
    found = _check(good.text, good.beside)
    assert all(d.severity == "warning" for d in found), (good.path, found)
    return frozenset((d.code, d.message) for d in found)


@cache
def good_files() -> tuple[GoodFile, ...]:
    """The rules that ship, those of the examples and of the reference."""
    names = ("language_patterns", "language_section_1", "language_windows")
    paths = [*sorted(ROOT.glob("rules/*/*.cep")), *sorted(ROOT.glob("examples/*/*.cep"))]
    paths += [CASES / "check" / f"{name}.cep" for name in names]
    return tuple(GoodFile(path, split_case(path)[0], _beside(path)) for path in paths)


@cache
def all_good_files() -> tuple[GoodFile, ...]:
    """Those, the rules of the planner's cases, of the pages, and of the measurement of `cep check`: more than 200."""
    cases = (GoodFile(path, path.read_text("utf-8"), "") for path in sorted((ROOT / "tests/plan/cases").glob("*.cep")))
    shown = (
        GoodFile(page.with_name(f"{page.name}:{block.line}"), block.text, "")
        for page in (ROOT / "README.md", ROOT / "grammar/README.md")
        for block in blocks(page)
        if block.words == ("cep",)
    )
    measured = GoodFile(ROOT / "tests/bench/checking.py", f"{checking.SHARED}{''.join(checking.rules(20))}", "")
    found = [*good_files(), *cases, *shown, measured]
    return tuple(good for good in found if good.rules())


def _beside(path: Path) -> str:
    definitions = path.parent / "definitions.cep"
    return definitions.read_text("utf-8") if definitions.exists() and path != definitions else ""


def tokens(text: str) -> list[re.Match[str]]:
    """The tokens of a text, comments left out."""
    return [match for match in TOKEN.finditer(text) if not match.group().startswith("#")]


def mutations(good: GoodFile) -> Iterator[Mutation]:
    """All deletions and swaps of one token inside rules, and an insertion before each, in the order of their places."""
    text, rules, found = good.text, good.rules(), tokens(good.text)
    for index, token in enumerate(found):
        start, end = token.span()
        if not any(first <= start < last for first, last in rules):
            continue
        yield Mutation(text[:start] + text[end:], start, "delete")
        inserted = INSERTED[index % len(INSERTED)]
        yield Mutation(f"{text[:start]}{inserted} {text[start:]}", start, "insert")
        if index + 1 < len(found):
            other = found[index + 1]
            swapped = f"{other.group()}{text[end : other.start()]}{token.group()}"
            yield Mutation(text[:start] + swapped + text[other.end() :], start, "swap")


def offset(text: str, line: int, column: int) -> int:
    """The offset of a place."""
    return sum(len(each) + 1 for each in text.split("\n")[: line - 1]) + column - 1


def is_near(found: Diagnostic, mutation: Mutation) -> bool:
    """Whether the finding, or a further place that it shows, lies within one token of the mutation."""
    starts = [token.start() for token in tokens(mutation.text)]

    def index(place: int) -> int:
        return sum(start <= place for start in starts)

    at = index(mutation.at)
    for span in (found.span, *(span for span, _ in found.related if span.file == found.span.file)):
        first = index(offset(mutation.text, span.line, span.column))
        last = index(max(offset(mutation.text, span.end_line, span.end_column) - 1, 0))
        if first - 1 <= at + (mutation.kind == "swap") and at - 1 <= last:
            return True
    return False
