"""Rule files from disk to texts, with a finding for each that cannot be read. Language layer.

A source is a file, a folder (its ``*.cep``, ``*.yaml`` and ``*.yml`` and those of the folders in it, in the order
of their names), or ``rules:NAME`` for a rule pack that ships with cep. Nothing here raises for what is on the disk:
what cannot be read is a diagnostic with the place, so that all findings of all files come in one run.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from cep.diagnostics import Diagnostic, Span
from cep.errors import UsageError
from cep.language.parser import ParsedFile, parse
from cep.language.syntax import RuleFile
from cep.packaged import rule_pack

SUFFIXES: dict[str, Literal["cep", "yaml"]] = {".cep": "cep", ".yaml": "yaml", ".yml": "yaml"}
PACK_PREFIX = "rules:"
MAX_FILE_BYTES = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class SourceText:
    """A rule file that was read: its name as given, its text, and its form."""

    file: str
    text: str
    kind: Literal["cep", "yaml"]


def load_sources(sources: str | Path | Iterable[str | Path]) -> tuple[list[SourceText], list[Diagnostic]]:
    """The rule files behind one source or several, each file once, and what could not be read."""
    given = [sources] if isinstance(sources, str | Path) else list(sources)
    texts: list[SourceText] = []
    problems: list[Diagnostic] = []
    paths: dict[Path, None] = {}
    for source in given:
        found = _paths(source)
        if isinstance(found, Diagnostic):
            problems.append(found)
        else:
            paths.update(dict.fromkeys(found))
    for path in paths:
        read = _read(path)
        if isinstance(read, Diagnostic):
            problems.append(read)
        else:
            texts.append(read)
    return texts, problems


def parse_sources(sources: str | Path | Iterable[str | Path]) -> list[ParsedFile]:
    """The parsed files behind one source or several; what could not be read is an empty file with its diagnostic."""
    texts, problems = load_sources(sources)
    unread = [ParsedFile(RuleFile(()), (problem,)) for problem in problems]
    return [*(parse_source(text) for text in texts), *unread]


def parse_source(source: SourceText) -> ParsedFile:
    """Parses a text in its form."""
    if source.kind == "yaml":
        from cep.language.yaml_form import parse_yaml

        return parse_yaml(source.text, source.file)
    return parse(source.text, source.file)


def _problem(code: str, message: str, path: str | Path, hint: str | None, line: int = 0, column: int = 0) -> Diagnostic:
    return Diagnostic(code, message, Span(str(path), line, column, line, column + (line > 0)), hint)


def _paths(source: str | Path) -> list[Path] | Diagnostic:
    path = Path(source)
    if isinstance(source, str) and source.startswith(PACK_PREFIX):
        try:
            path = rule_pack(source.removeprefix(PACK_PREFIX))
        except UsageError as error:
            message, _, hint = str(error).partition("; ")
            return _problem("CEP504", message, source, hint or None)
    if not path.is_dir():
        return [path]
    found = sorted(
        (inner for inner in path.rglob("*") if inner.suffix in SUFFIXES and inner.is_file()),
        key=lambda inner: inner.relative_to(path).parts,
    )
    if not found:
        hint = f"rule files end in {', '.join(SUFFIXES)}"
        return _problem("CEP502", "this folder holds no rule files", path, hint)
    return found


def _read(path: Path) -> SourceText | Diagnostic:
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
    return SourceText(str(path), text, SUFFIXES.get(path.suffix.lower(), "cep"))


def _not_utf8(path: Path, error: UnicodeDecodeError) -> Diagnostic:
    before = error.object[: error.start]
    line = before.count(b"\n") + 1
    column = len(before.rpartition(b"\n")[2].decode("utf-8", "replace")) + 1
    return _problem("CEP503", "this file is not UTF-8 text", path, "save it as UTF-8", line, column)
