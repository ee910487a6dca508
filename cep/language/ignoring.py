"""Comments that ignore warnings: ``# cep: ignore[CEP415] the stream ends each night``. Language layer.

Behind text on its line such a comment speaks of that line, alone on a line of the next line that holds more than a
comment. Several codes are separated by commas; what follows the brackets is the reason, for people. Only warnings can
be ignored. A comment that ignores nothing is a warning itself, but not while there are errors: they hide warnings.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from cep.diagnostic_codes import CODES
from cep.diagnostics import Diagnostic, Fix, Span, did_you_mean, suggestion
from cep.language.reader.places import Places

UNUSED, REFUSED = "CEP230", "CEP231"
_MEANT = re.compile(r"#[ \t]*cep[ \t]*:[ \t]*(?P<word>ign\w*)[^\n]*", re.IGNORECASE)
_FORM = re.compile(r"#[ \t]*cep:[ \t]*ignore[ \t]*\[(?P<codes>[^\]\n]*)\](?P<reason>[^\n]*)")
_LEXEME = re.compile(
    r"""(?P<comment>\#[^\n]*)|`[^`\n]*`|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|\bmatches\s*/(?:\\.|[^/\\\n])+/"""
)
_EXAMPLE = "write `# cep: ignore[CEP415] reason`"


@dataclass(frozen=True, slots=True)
class Ignore:
    """One comment: its place, the codes with theirs, the line that it speaks of, and what is wrong with its form.

    ``removal`` is the stretch to take out with the comment: blanks before it, or its line.
    """

    span: Span
    codes: tuple[tuple[str, Span], ...]
    line: int
    removal: Span
    problem: str | None = None


def find_ignores(text: str, places: Places, form: Literal["cep", "yaml"]) -> tuple[Ignore, ...]:
    """The comments of a file, in order."""
    if "cep" not in text or _MEANT.search(text) is None:
        return ()
    comments = _comments_of_yaml(text) if form == "yaml" else _comments(text)
    lines = text.split("\n")
    return tuple(_read(text, lines, places, start) for start in comments if _MEANT.match(text, start))


def _comments(text: str) -> Iterator[int]:
    return (match.start() for match in _LEXEME.finditer(text) if match["comment"] is not None)


def _comments_of_yaml(text: str) -> Iterator[int]:
    """Where comments may begin: behind a blank, and not inside a quoted value. In a block they are the language's."""
    quoted = _quoted_values(text)
    for match in re.finditer(r"(?:^|(?<=[ \t]))#", text, re.MULTILINE):
        if not any(start <= match.start() < end for start, end in quoted):
            yield match.start()


def _quoted_values(text: str) -> list[tuple[int, int]]:
    import yaml

    try:
        tokens = list(yaml.scan(text, Loader=yaml.SafeLoader))
    except yaml.YAMLError:  # told by the reader
        return []
    scalars = [token for token in tokens if isinstance(token, yaml.ScalarToken) and token.style in ("'", '"')]
    return [(scalar.start_mark.index, scalar.end_mark.index) for scalar in scalars]


def _read(text: str, lines: Sequence[str], places: Places, start: int) -> Ignore:
    end = text.find("\n", start)
    end = len(text) if end < 0 else end
    span = places.span(start, start + len(text[start:end].rstrip()))
    alone = not lines[span.line - 1][: span.column - 1].strip()
    line = _next_line(lines, span.line) if alone else span.line
    before = start - len(text[:start]) + len(text[:start].rstrip(" \t"))
    removal = places.span(before, min(end + 1, len(text)) if alone else end)
    form = _FORM.match(text, start)
    if form is None:
        return Ignore(span, (), line, removal, "this comment does not say which code it ignores")
    codes = tuple(
        (match.group().upper(), places.span(form.start("codes") + match.start(), form.start("codes") + match.end()))
        for match in re.finditer(r"[^\s,]+", form["codes"])
    )
    problem = None if codes else "this comment does not say which code it ignores"
    return Ignore(span, codes, line, removal, problem)


def _next_line(lines: Sequence[str], line: int) -> int:
    """The next line, counted from 1, that holds more than a comment."""
    for number, text in enumerate(lines[line:], start=line + 1):
        if text.strip() and not text.lstrip().startswith("#"):
            return number
    return line


def without_ignored(found: Sequence[Diagnostic], ignores: Sequence[Ignore]) -> list[Diagnostic]:
    """The findings without the warnings that comments ignore, and what is to be said of the comments."""
    if not ignores:
        return list(found)
    at: dict[tuple[str, int, str], list[Diagnostic]] = {}
    for each in found:
        at.setdefault((each.span.file, each.span.line, each.code), []).append(each)
    dropped: set[int] = set()
    told: list[Diagnostic] = []
    has_errors = any(each.severity == "error" for each in found)
    for ignore in ignores:
        if ignore.problem is not None:
            told.append(Diagnostic(REFUSED, ignore.problem, ignore.span, _EXAMPLE, "warning"))
        unused: list[tuple[str, Span]] = []
        for code, span in ignore.codes:
            there = at.get((ignore.span.file, ignore.line, code), [])
            dropped.update(id(each) for each in there if each.severity == "warning")
            problem = _refused(code, span, there)
            if problem is not None:
                told.append(problem)
            elif not there and not has_errors:
                unused.append((code, span))
        told += _unused(ignore, unused)
    return [each for each in [*found, *told] if id(each) not in dropped]


def _refused(code: str, span: Span, there: Sequence[Diagnostic]) -> Diagnostic | None:
    if code not in CODES:
        hint = did_you_mean(suggestion(code, CODES, cutoff=0.8)) or "codes look like CEP415"
        return Diagnostic(REFUSED, f"there is no diagnostic code `{code}`", span, hint, "warning")
    error = next((each for each in there if each.severity == "error"), None)
    if error is None:
        return None
    message = f"`{code}` is an error here, and errors cannot be ignored"
    related = ((error.span, "the error is here"),)
    return Diagnostic(REFUSED, message, span, "correct what it tells of", "warning", related)


def _unused(ignore: Ignore, unused: Sequence[tuple[str, Span]]) -> Iterator[Diagnostic]:
    """Each code that nothing told; together they are one fix, since taking one out moves the commas of the others."""
    hint = "leave it out"
    left = [code for code, _ in ignore.codes if code not in {code for code, _ in unused}]
    fix = Fix(ignore.removal, "")
    if left:
        first, last = ignore.codes[0][1], ignore.codes[-1][1]
        fix = Fix(first.to(last), ", ".join(left))
    for code, span in unused:
        message = f"no `{code}` is told of line {ignore.line}, so nothing is ignored"
        yield Diagnostic(UNUSED, message, span, hint, "warning", fix=fix)
