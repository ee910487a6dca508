"""Names that are declared in a file beside the one that was given. Language layer.

A folder of rules is one namespace; whoever gives one file of it leaves out what the others declare, and is told that
here. Only when a name is not known are the files beside it read, and only for the names that they declare: nothing in
them is checked, and what cannot be read is passed over.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from cep.diagnostics import Diagnostic
from cep.language.checking.namespace import joined, spellings
from cep.language.reader.places import Places
from cep.language.reader.recovery import Kind, broken_names
from cep.language.reader.yaml_nodes import Entries, read_nodes

MAX_FILES = 100
"""How many files of a folder are looked at."""

MAX_BYTES = 1024 * 1024
"""Longer files are passed over."""

_KINDS: dict[str, tuple[Kind, ...]] = {
    "CEP202": ("define", "event"), "CEP203": ("define", "event"), "CEP222": ("event", "define"), "CEP205": ("let",),
    "CEP510": ("let",), "CEP215": ("table",), "CEP219": ("rule",),
}  # fmt: skip
_SECTIONS: dict[str, Kind] = {"events": "event", "define": "define", "let": "let", "tables": "table", "rules": "rule"}
_QUOTED = re.compile("`([^`]+)`")


@dataclass(frozen=True, slots=True)
class _Declared:
    kind: Kind
    name: str
    path: Path


def with_sibling_hints(found: Sequence[Diagnostic], files: Iterable[str], suffixes: Iterable[str]) -> list[Diagnostic]:
    """The findings, those of unknown names with the file that declares the name as hint.

    ``files`` are the names of those that were given, ``suffixes`` those of rule files.
    """
    unknown = [finding for finding in found if finding.code in _KINDS]
    if not unknown:
        return list(found)
    given = [Path(file) for file in files if Path(file).suffix.lower() in suffixes]
    declared = list(_declared_beside(given, frozenset(suffixes)))
    return [_hinted(finding, declared) if finding.code in _KINDS else finding for finding in found]


def _hinted(finding: Diagnostic, declared: Sequence[_Declared]) -> Diagnostic:
    match = _QUOTED.search(finding.message)
    if match is None or not declared:
        return finding
    kinds, name = _KINDS[finding.code], match.group(1)
    forms = spellings(name.split()) if "define" in kinds else [joined([name])]
    for item in declared:
        if item.kind in kinds and joined(item.name.split()) in forms:
            folder = item.path.parent
            shown = "." if folder == Path() else f"{folder}/"
            hint = f"`{item.name}` is declared in {item.path.name} beside it: give the folder `{shown}`"
            return replace(finding, hint=hint)
    return finding


def _declared_beside(given: Sequence[Path], suffixes: frozenset[str]) -> Iterator[_Declared]:
    known = {path.name for path in given}
    for folder in dict.fromkeys(path.parent for path in given):
        for path in _rule_files(folder, suffixes):
            if path.name in known and path in given:
                continue
            text = _text(path)
            if text is not None:
                yield from (_Declared(kind, name, path) for kind, name in _declarations(path, text))


def _rule_files(folder: Path, suffixes: frozenset[str]) -> list[Path]:
    try:
        found = sorted(path for path in folder.iterdir() if path.suffix.lower() in suffixes)
    except (OSError, ValueError):
        return []
    return found[:MAX_FILES]


def _text(path: Path) -> str | None:
    try:
        if not path.is_file() or path.stat().st_size > MAX_BYTES:
            return None
        return path.read_text(encoding="utf-8-sig")
    except (OSError, ValueError):  # UnicodeDecodeError is a ValueError
        return None


def _declarations(path: Path, text: str) -> Iterator[tuple[Kind, str]]:
    if path.suffix.lower() == ".cep":
        for item in broken_names(text):
            yield item.kind, item.name
        return
    root, _ = read_nodes(text, Places(str(path), text))
    for section, kind in _SECTIONS.items():
        names = root.get(section) if isinstance(root, Entries) else None
        for key, _ in names.pairs if isinstance(names, Entries) else ():
            yield kind, key.text.split("(")[0].strip() if kind == "define" else key.text
