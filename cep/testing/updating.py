"""Writing what came into tests whose ``expect`` was left empty. Testing layer.

Only the place behind ``expect`` changes: rows of the language or of YAML are put in, all else of the file stays as it
is, its line ends too. The new text is read again before it is written, so that no file is ever left unreadable. A test
that expects something, or ``nothing``, is not touched, nor is one with problems.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cep.diagnostics import Span, visible
from cep.errors import UsageError
from cep.event import DerivedEvent
from cep.language.parser import parse
from cep.language.reader.places import Places
from cep.language.reader.yaml_nodes import Entries, Items, Scalar, read_nodes
from cep.language.rule_files import SUFFIXES
from cep.language.syntax import RuleTest
from cep.language.words import is_plain_name
from cep.language.yaml_form import parse_yaml
from cep.testing.results import RuleTestResult
from cep.testing.telling import short_time, written

_BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class Edit:
    """Text that takes the place of ``[start, stop)``."""

    start: int
    stop: int
    text: str


def can_be_filled(result: RuleTestResult) -> bool:
    """Whether its `expect` is empty and its events were all used."""
    return result.is_open and not result.problems and result.skipped is None


def update_files(results: Sequence[RuleTestResult], texts: Mapping[str, str]) -> list[str]:
    """Fill in all that were left empty; gives for each what was written and where.

    ``texts`` are the files as they were loaded.

    Raises:
        UsageError: a file cannot be written, or has changed since.
    """
    told: list[str] = []
    open_tests = [result for result in results if can_be_filled(result)]
    for file in dict.fromkeys(result.span.file for result in open_tests):
        of_file = [result for result in open_tests if result.span.file == file]
        write_file(Path(file), texts[file], updated(texts[file], file, of_file))
        told += [f"{visible(file)}:{result.span.line}: {visible(result.name)}\n{_shown(result)}" for result in of_file]
    return told


def updated(text: str, file: str, results: Sequence[RuleTestResult]) -> str:
    """The text with what came in place of each empty `expect`."""
    is_yaml = SUFFIXES.get(Path(file).suffix.lower()) == "yaml"
    edits = list(_yaml_edits(text, file, results) if is_yaml else _edits(text, results))
    for edit in sorted(edits, key=lambda edit: edit.start, reverse=True):
        text = text[: edit.start] + edit.text + text[edit.stop :]
    _check(text, file, is_yaml, results)
    return text


def _check(text: str, file: str, is_yaml: bool, results: Sequence[RuleTestResult]) -> None:
    """That the new text reads, and has what was to be put in."""
    parsed = parse_yaml(text, file) if is_yaml else parse(text, file)
    found = {(test.name, len(test.expect)) for test in parsed.tree.declarations if isinstance(test, RuleTest)}
    lost = [result.name for result in results if (result.name, len(result.actual)) not in found]
    if parsed.diagnostics or lost:
        names = ", ".join(f"`{name}`" for name in lost or [result.name for result in results])
        raise UsageError(f"{file}: what came cannot be written into {names}; write it by hand")


def write_file(path: Path, before: str, after: str) -> None:
    """Write a rule file whose text was ``before``.

    Raises:
        UsageError: it cannot be written, or has changed since.
    """
    try:
        data = path.read_bytes()
        bom = _BOM if data.startswith(_BOM) else b""
        if data != bom + before.encode():
            raise UsageError(f"{path} has changed since it was read; run it again")
        path.write_bytes(bom + after.encode())
    except OSError as error:
        raise UsageError(f"cannot write to {path}: {error.strerror or error}") from None


def _shown(result: RuleTestResult) -> str:
    rows = [written(each, result.zero_us) for each in result.actual] or ["nothing"]
    return "\n".join(f"  + {visible(row)}" for row in rows)


# ---- the language ----


def _edits(text: str, results: Sequence[RuleTestResult]) -> Iterator[Edit]:
    starts = _line_starts(text)
    for result in results:
        end = _end(result.span, starts)
        if not result.actual:
            yield Edit(end, end, " nothing")
            continue
        indent = _indent(text, end)
        rows = [f"{indent}  {written(each, result.zero_us)}" for each in result.actual]
        yield from _below(text, end, rows)


def _below(text: str, place: int, rows: Sequence[str]) -> Iterator[Edit]:
    """Rows on lines of their own below the line of a place, where nothing but a comment follows on it."""
    newline = "\r\n" if "\r\n" in text else "\n"
    line_end = text.find("\n", place)
    line_end = len(text) if line_end < 0 else line_end
    if text[line_end - 1 : line_end] == "\r":
        line_end -= 1
    rest = text[place:line_end].strip()
    block = newline + newline.join(rows)
    if rest and not rest.startswith("#"):
        yield Edit(place, place, block + newline)
    else:
        yield Edit(line_end, line_end, block)


def _line_starts(text: str) -> list[int]:
    return [0, *(place + 1 for place, character in enumerate(text) if character == "\n")]


def _end(span: Span, starts: Sequence[int]) -> int:
    return starts[span.end_line - 1] + span.end_column - 1


def _indent(text: str, place: int) -> str:
    line = text[text.rfind("\n", 0, place) + 1 : place]
    return line[: len(line) - len(line.lstrip())]


# ---- YAML ----


def _yaml_edits(text: str, file: str, results: Sequence[RuleTestResult]) -> Iterator[Edit]:
    places = Places(file, text)
    root, _ = read_nodes(text, places)
    tests = root.get("tests") if isinstance(root, Entries) else None
    assert isinstance(tests, Items)
    by_span = {result.span: result for result in results}
    for node in tests.items:
        result = by_span.get(node.span)
        if result is not None and isinstance(node, Entries):
            yield from _yaml_edit(text, node, result)


def _yaml_edit(text: str, test: Entries, result: RuleTestResult) -> Iterator[Edit]:
    key, value = next((key, value) for key, value in test.pairs if key.text == "expect")
    colon = text.index(":", key.end) + 1
    null_end = value.end if isinstance(value, Scalar) and value.text else colon  # `~` or `null`
    rows = [_yaml_row(each, result.zero_us) for each in result.actual]
    first = text[_line_starts(text)[test.span.line - 1] + test.span.column - 1]
    if not rows or first == "{":
        yield Edit(colon, null_end, f" [{', '.join(rows)}]")
        return
    if null_end > colon:
        yield Edit(colon, null_end, "")
    yield from _below(text, null_end, [f"{' ' * (key.span.column - 1)}  - {row}" for row in rows])


def _yaml_row(derived: DerivedEvent, zero_us: int) -> str:
    name = derived.type if is_plain_name(derived.type) else json.dumps(derived.type, ensure_ascii=False)
    fields: dict[str, Any] = derived.fields
    shown = ", ".join(f"{_yaml_key(each)}: {json.dumps(value, ensure_ascii=False)}" for each, value in fields.items())
    return f"{{at: {short_time(derived.time_us - zero_us)}, {name}: {{{shown}}}}}"


def _yaml_key(name: str) -> str:
    plain = is_plain_name(name) and name.lower() not in ("null", "true", "false")
    return name if plain else json.dumps(name, ensure_ascii=False)
