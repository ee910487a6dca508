"""Rules to texts, parsed files, and checked rules, with a finding for each file that cannot be read. Language layer.

Rules are given as a file, a folder (its ``*.cep``, ``*.yaml`` and ``*.yml`` and those of the folders in it, in the
order of their names), ``rules:NAME`` for a rule pack that ships with cep, several of these, or as text. Nothing here
but :func:`load_rules` raises for what is on the disk: what cannot be read is a diagnostic with the place, so that all
findings of all files come in one run.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from cep.diagnostics import Diagnostic, Span
from cep.errors import RuleError, UsageError
from cep.language.check import check
from cep.language.checked import RuleSet
from cep.language.parser import ParsedFile, parse
from cep.language.reader.recovery import DECLARATION_WORDS
from cep.language.siblings import with_sibling_hints
from cep.language.syntax import Rule, RuleFile
from cep.packaged import rule_pack

SUFFIXES: dict[str, Literal["cep", "yaml"]] = {".cep": "cep", ".yaml": "yaml", ".yml": "yaml"}
PACK_PREFIX = "rules:"
MAX_FILE_BYTES = 4 * 1024 * 1024
TEXT_NAME = "<rules>"
"""What text that is in no file is called in diagnostics."""

_DECLARATION = re.compile(rf"\s*(?:#|(?:{'|'.join(DECLARATION_WORDS)})\b)")

GivenRules = str | Path | Iterable[str | Path]
"""Paths and ``rules:NAME``; or one string with the text of rules itself."""


@dataclass(frozen=True, slots=True)
class RuleText:
    """A rule file that was read: its name as given, its text, and its form."""

    file: str
    text: str
    form: Literal["cep", "yaml"]


def load_rules(rules: GivenRules, constants: Mapping[str, object] | None = None) -> RuleSet:
    """The checked rules of files, folders, rule packs, or of text.

    ``constants`` override ``let``, see :func:`cep.language.check.check`. Warnings are dropped; :func:`check_rules`
    gives them.

    Raises:
        RuleError: the rules are not usable; it has the diagnostics of all files, warnings included.
    """
    checked, diagnostics = check_rules(rules, constants)
    if checked is None:
        raise RuleError(diagnostics)
    return checked


def check_rules(
    rules: GivenRules, constants: Mapping[str, object] | None = None
) -> tuple[RuleSet | None, list[Diagnostic]]:
    """The checked rules, null when there are errors, and all that was found."""
    texts, unread = read_rule_files(rules)
    checked, found = check(parse_rule_files(texts, unread), constants)
    return checked, hinted(found, texts)


def hinted(found: Sequence[Diagnostic], texts: Iterable[RuleText]) -> list[Diagnostic]:
    """The findings; an unknown name that a file beside those given declares has that as its hint."""
    return with_sibling_hints(found, [text.file for text in texts], SUFFIXES)


def parse_rule_files(
    texts: Iterable[RuleText],
    unread: Iterable[Diagnostic] = (),
    progress: Callable[[int], None] | None = None,
) -> list[ParsedFile]:
    """The texts, each parsed in its form; what could not be read is an empty file with its diagnostic.

    ``progress`` is told how many are parsed, after each.
    """
    texts, problems = list(texts), list(unread)
    parsed: list[ParsedFile] = []
    for text in texts:
        parsed.append(_parsed(text))
        if progress is not None:
            progress(len(parsed))
    if texts and not problems and texts[0].file != TEXT_NAME and not any(map(_holds_something, parsed)):
        what = "this file holds" if len(texts) == 1 else "these files hold"
        found = _problem("CEP505", f"{what} no rules", texts[0].file, "write `rule NAME when …`")
        problems.append(replace(found, severity="warning"))
    return [*parsed, *(ParsedFile(RuleFile(()), (problem,)) for problem in problems)]


def _holds_something(file: ParsedFile) -> bool:
    """Whether there is a rule in the file, or what may have been one."""
    return bool(file.diagnostics or file.broken) or any(isinstance(each, Rule) for each in file.tree.declarations)


def read_rule_files(rules: GivenRules) -> tuple[list[RuleText], list[Diagnostic]]:
    """The texts behind what is given, each file once, and what could not be read.

    A string is text and not a path if it has a line break, or begins with a keyword and no such path exists.
    """
    if isinstance(rules, str) and _is_text(rules):
        return [RuleText(TEXT_NAME, rules, "cep")], []
    texts: list[RuleText] = []
    problems: list[Diagnostic] = []
    paths: dict[Path, None] = {}
    for place in [rules] if isinstance(rules, str | Path) else rules:
        found = _paths(place)
        if isinstance(found, Diagnostic):
            problems.append(found)
        else:
            paths.update(dict.fromkeys(found))
    for path in _each_once(paths):
        read = _read(path)
        if isinstance(read, Diagnostic):
            problems.append(read)
        else:
            texts.append(read)
    return texts, problems


def _each_once(paths: Iterable[Path]) -> Iterator[Path]:
    """Without those that lead to a file that came before, as `a.cep` and `../rules/a.cep` may."""
    seen: set[Path] = set()
    for path in paths:
        try:
            file = path.resolve()
        except (OSError, ValueError, RuntimeError):  # told when it is read
            file = path
        if file not in seen:
            seen.add(file)
            yield path


def _is_text(rules: str) -> bool:
    if rules.startswith(PACK_PREFIX):
        return False
    if "\n" in rules or not rules.strip():
        return True
    return _DECLARATION.match(rules) is not None and not Path(rules).exists()


def _parsed(read: RuleText) -> ParsedFile:
    if read.form == "yaml":
        from cep.language.yaml_form import parse_yaml

        return parse_yaml(read.text, read.file)
    return parse(read.text, read.file)


def _problem(code: str, message: str, path: str | Path, hint: str | None, line: int = 0, column: int = 0) -> Diagnostic:
    return Diagnostic(code, message, Span(str(path), line, column, line, column + (line > 0)), hint)


def _paths(place: str | Path) -> list[Path] | Diagnostic:
    path = Path(place)
    if isinstance(place, str) and place.startswith(PACK_PREFIX):
        try:
            path = rule_pack(place.removeprefix(PACK_PREFIX))
        except UsageError as error:
            message, _, hint = str(error).partition("; ")
            return _problem("CEP504", message, place, hint or None)
    if not path.is_dir():
        return [path]
    found = sorted(
        (inner for inner in path.rglob("*") if inner.suffix.lower() in SUFFIXES and inner.is_file()),
        key=lambda inner: inner.relative_to(path).parts,
    )
    if not found:
        hint = f"rule files end in {', '.join(SUFFIXES)}"
        return _problem("CEP502", "this folder holds no rule files", path, hint)
    return found


def _read(path: Path) -> RuleText | Diagnostic:
    try:
        with path.open("rb") as file:
            data = file.read(MAX_FILE_BYTES + 1)
    except FileNotFoundError:
        return _problem("CEP501", "there is no such rule file or folder", path, "check the path")
    except (OSError, ValueError) as error:  # a path that holds a NUL is a ValueError
        reason = getattr(error, "strerror", None) or str(error)
        return _problem("CEP501", f"this file cannot be read: {reason.lower()}", path, None)
    if len(data) > MAX_FILE_BYTES:
        message = f"this file is longer than {MAX_FILE_BYTES // 1024 // 1024} MiB"
        return _problem("CEP126", message, path, "split it: a folder of rules is one namespace")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        return _not_utf8(path, error)
    return RuleText(str(path), text, SUFFIXES.get(path.suffix.lower(), "cep"))


def _not_utf8(path: Path, error: UnicodeDecodeError) -> Diagnostic:
    before = error.object[: error.start]
    line = before.count(b"\n") + 1
    column = len(before.rpartition(b"\n")[2].decode("utf-8", "replace")) + 1
    return _problem("CEP503", "this file is not UTF-8 text", path, "save it as UTF-8", line, column)
