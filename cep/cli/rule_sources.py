"""The rule files that a command was given: read once, checked, and written again with their fixes. CLI layer."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from cep.cli.terminal import Console, counted, is_terminal
from cep.diagnostics import Diagnostic, Span
from cep.errors import UsageError
from cep.language.rule_files import MAX_FILE_BYTES, PACK_PREFIX, SUFFIXES, RuleText, read_rule_files

if TYPE_CHECKING:
    from cep.plan.compiling import Compilation

STDIN = "-"
_BOM = b"\xef\xbb\xbf"
_PATIENCE_SECONDS = 0.5


def read_rules(rules: Sequence[str], stdin_name: str | None = None, *, writable: bool = False) -> RuleSources:
    """Reads files, folders, packs and standard input (``-``).

    Raises:
        click.UsageError: RULES are missing, or, to be written, are none that can be.
    """
    if not rules:
        raise click.UsageError(
            "no rules are given; name a file, a folder, or a pack of cep, as in `cep check rules:authentication`"
        )
    for given in rules if writable else ():
        if given == STDIN:
            raise click.UsageError("standard input cannot be written; `--diff` shows the fixes")
        if given.startswith(PACK_PREFIX):
            raise click.UsageError(f"`{given}` ships with cep and is not written; copy it, and name the copy")
    texts, unread = read_rule_files([given for given in rules if given != STDIN])
    if STDIN in rules:
        read = _standard_input(stdin_name)
        if isinstance(read, RuleText):
            texts = [*texts, read]
        else:
            unread = [*unread, read]
    return RuleSources(texts, unread)


def _standard_input(name: str | None) -> RuleText | Diagnostic:
    name = name or "<stdin>"
    form: Literal["cep", "yaml"] = SUFFIXES.get(Path(name).suffix.lower(), "cep")
    data = sys.stdin.buffer.read(MAX_FILE_BYTES + 1)
    nowhere = Span(name, 0, 0, 0, 0)
    if len(data) > MAX_FILE_BYTES:
        return Diagnostic("CEP126", f"standard input is longer than {MAX_FILE_BYTES // 1024 // 1024} MiB", nowhere)
    try:
        return RuleText(name, data.decode("utf-8-sig"), form)
    except UnicodeDecodeError:
        return Diagnostic("CEP503", "standard input is not UTF-8 text", nowhere)


@dataclass(slots=True)
class RuleSources:
    """The texts in the order of the files, and what could not be read."""

    texts: Sequence[RuleText]
    unread: Sequence[Diagnostic]

    def compiled(self, settings: Mapping[str, str], console: Console) -> Compilation:
        """Parsed, checked and planned; on a terminal with a line that says how far that is, where it takes long."""
        from cep.plan.compiling import compile_texts

        progress = _progress(len(self.texts), console)
        try:
            return compile_texts(self.texts, self.unread, settings, progress)
        finally:
            if progress is not None:
                progress(0)

    def write(self, texts: Sequence[RuleText]) -> None:
        """Puts other texts in the place of these, and writes the files of those that differ.

        Raises:
            UsageError: a file cannot be written, or is another one by now. Those before it are written.
        """
        for before, after in zip(self.texts, texts, strict=True):
            if before != after:
                _replace(Path(before.file), before.text, after.text)
        self.texts = texts


def _replace(path: Path, before: str, after: str) -> None:
    """The whole file or nothing: a reader never sees half of it. A link stays a link, and a byte order mark stays."""
    path = path.resolve()
    try:
        data = path.read_bytes()
        if data.decode("utf-8-sig") != before:
            raise UsageError(f"{path} was changed while it was checked; run the command again")
        mark = _BOM if data.startswith(_BOM) else b""
    except OSError as error:
        raise UsageError(f"cannot write {path}: {error.strerror or error}") from None
    write_whole(path, mark + after.encode("utf-8"), path)


def write_whole(path: Path, data: bytes, like: Path) -> None:
    """Writes the whole file or nothing of it, with the mode of the file ``like``.

    Raises:
        UsageError: it cannot be written.
    """
    try:
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
            shutil.copymode(like, name)
            Path(name).replace(path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise UsageError(f"cannot write {path}: {error.strerror or error}") from None


def _progress(total: int, console: Console) -> Callable[[int], None] | None:
    """Called with the number of parsed files, and with 0 to take the line away; null where nobody looks."""
    if total < 2 or not is_terminal(sys.stderr):
        return None
    started = time.monotonic()
    shown = False

    def tell(done: int) -> None:
        nonlocal shown
        if not done and shown:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()
        if done and time.monotonic() - started > _PATIENCE_SECONDS:
            what = "checking" if done == total else f"reading {done:,} of"
            line = console.paint(f"{what} {counted(total, 'file')}", "dim")
            sys.stderr.write(f"\r\x1b[K{line}")
            sys.stderr.flush()
            shown = True

    return tell
