"""Fixes of diagnostics, written into the texts of rule files. Language layer; nothing here touches the disk.

Three stages, each repeated until it changes nothing: what does not parse, names and types, warnings. In a stage the
fixes of a file are written together, in the order of their places; one that overlaps another waits for the next round,
when the text has been checked anew. Invariant: a fix stays only if its stage gets better by it, which
:func:`_is_better` decides, and never makes a file that parses one that does not.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from cep.diagnostics import Diagnostic, Fix, Span
from cep.language.check import check
from cep.language.rule_files import RuleText, parse_rule_files

MAX_ROUNDS = 20
_PHRASES = ("CEP202", "CEP203")
MAX_SINGLE = 50
"""How many fixes of a round are tried by themselves, where together they do not help."""


@dataclass(frozen=True, slots=True)
class Fixed:
    """The texts after the fixes, in their order, and how many fixes each file got (files without are left out)."""

    texts: tuple[RuleText, ...]
    counts: Mapping[str, int]


def fix_texts(texts: Sequence[RuleText], constants: Mapping[str, object] | None = None) -> Fixed:
    """The texts with all fixes that help. Without any, the very same texts."""
    work = _Work(list(texts), constants or {})
    for belongs in (_is_syntax, _is_other_error, _is_warning):
        work.run(belongs)
    return Fixed(tuple(work.texts), dict(work.counts))


def write_fixes(text: str, fixes: Sequence[Fix]) -> tuple[str, list[Fix]]:
    """The text with the fixes, in the order of their places, and those written: not those that overlap one before."""
    starts = [0]
    for line in text.split("\n"):
        starts.append(starts[-1] + len(line) + 1)
    parts: list[str] = []
    written: list[Fix] = []
    position = 0
    for fix in sorted(dict.fromkeys(fixes), key=lambda fix: fix.span):
        start, end = _offsets(starts, len(text), fix.span)
        if start < position or (fix.written is not None and text[start:end] != fix.written):
            continue
        parts += [text[position:start], fix.replacement]
        position = end
        written.append(fix)
    return "".join([*parts, text[position:]]), written


def _offsets(starts: Sequence[int], length: int, span: Span) -> tuple[int, int]:
    start = min(starts[span.line - 1] + span.column - 1, length)
    return start, max(start, min(starts[min(span.end_line, len(starts)) - 1] + span.end_column - 1, length))


# ---- stages ----


def _is_syntax(found: Diagnostic) -> bool:
    return found.severity == "error" and found.code.startswith("CEP1")


def _is_other_error(found: Diagnostic) -> bool:
    return found.severity == "error" and not found.code.startswith("CEP1")


def _is_warning(found: Diagnostic) -> bool:
    return found.severity == "warning"


Stage = Callable[[Diagnostic], bool]


class _Work:
    """The texts as they are so far, and what is found in them."""

    def __init__(self, texts: list[RuleText], constants: Mapping[str, object]) -> None:
        self.texts = texts
        self.counts: Counter[str] = Counter()
        self._constants = constants
        self._found = self._check(texts)
        self._refused: set[tuple[str, str, str, str]] = set()

    def _check(self, texts: Sequence[RuleText]) -> list[Diagnostic]:
        return check(parse_rule_files(texts), self._constants)[1]

    def run(self, belongs: Stage) -> None:
        """One stage to its end."""
        for _ in range(MAX_ROUNDS):
            fixable = [each for each in self._found if belongs(each) and each.fix is not None]
            left = [each for each in fixable if _identity(each) not in self._refused]
            if not left:
                return
            if not self._try(left, belongs):
                for each in left[:MAX_SINGLE]:
                    if self._try([each], belongs):
                        break  # the places of the others may have moved
                    self._refused.add(_identity(each))
                else:
                    return

    def _try(self, findings: Sequence[Diagnostic], belongs: Stage) -> bool:
        """Writes the fixes of the findings if that helps."""
        texts, counts, done = list(self.texts), Counter[str](), list[Fix]()
        for number, text in enumerate(texts):
            fixes = [each.fix for each in findings if each.fix is not None and each.fix.span.file == text.file]
            changed, written = write_fixes(text.text, fixes)
            if changed != text.text:
                texts[number] = replace(text, text=changed)
                counts[text.file] = len(written)
                done += written
        if not counts:
            return False
        found = self._check(texts)
        if not _is_better(self._found, found, done, belongs):
            return False
        self.texts, self._found = texts, found
        self.counts += counts
        return True


def _identity(found: Diagnostic) -> tuple[str, str, str, str]:
    assert found.fix is not None
    return found.span.file, found.code, found.message, found.fix.replacement


def _is_better(before: Sequence[Diagnostic], after: Sequence[Diagnostic], done: Sequence[Fix], stage: Stage) -> bool:
    """Whether the findings with these fixes are gone, and no changed file parses worse than before.

    A text that can be read further may show errors that were hidden, so after a fix of the first stage nothing is asked
    of the later ones; so it is for a phrase, whose condition is not looked at before it is known, if it leaves no more
    errors. Other names must leave fewer errors, warnings fewer findings and no more errors.
    """
    for file in {fix.span.file for fix in done}:
        broken = [sum(_is_syntax(d) and d.span.file == file for d in found) for found in (before, after)]
        if broken[1] > broken[0]:
            return False
    errors = [sum(d.severity == "error" for d in found) for found in (before, after)]
    phrases = all(d.code in _PHRASES for d in before if d.fix in done)
    if stage is _is_syntax or (phrases and errors[1] == errors[0]):
        return bool({(d.code, d.span) for d in before if d.fix in done} - {(d.code, d.span) for d in after})
    if stage is _is_warning:
        return errors[1] <= errors[0] and len(after) < len(before)
    return errors[1] < errors[0]
