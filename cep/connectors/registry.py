"""From what the command line gives to sources and sinks.

Connectors layer. A text is ``-``, a file, a pattern, a folder, or ``scheme:…``. Built-in schemes stand in two
dictionaries; others are looked up among the entry points ``cep.sources`` and ``cep.sinks`` when they are first used,
by their name alone: a text can never name code to import.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Collection, Iterable, Sequence
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any, get_args

from cep.connectors.files import FORMATS, DataFile, FileSource, distinct, find_files
from cep.connectors.protocols import (
    CHUNK_BYTES,
    MAX_LINE_BYTES,
    Format,
    Partition,
    Sink,
    SinkFactory,
    SinkOptions,
    Source,
    SourceFactory,
    SourceOptions,
    wall_clock,
)
from cep.connectors.reading import standard_input
from cep.connectors.sinks import JsonlSink
from cep.diagnostics import did_you_mean, suggestion
from cep.errors import UsageError
from cep.projection import Projection

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+):(?://)?(.*)", re.DOTALL)


class StandardInput:
    """Lines from standard input, as they come. Its events' ids are ``stdin:LINE``."""

    def __init__(self, options: SourceOptions, format: str = "jsonl") -> None:
        self.name = "stdin"
        self._options = options
        self._format = format

    def partitions(self, projection: Projection) -> list[Partition]:
        stream = standard_input(self._options.wait_s)
        return [FORMATS[self._format](stream, self.name, projection, self._options)]


class SourceGroup:
    """Several sources as one, for the caller that was given several."""

    def __init__(self, sources: Sequence[Source]) -> None:
        self.name = ", ".join(source.name for source in sources)
        self.sources = tuple(sources)

    @property
    def paths(self) -> list[Path]:
        return [path for source in self.sources for path in source_paths(source)]

    def partitions(self, projection: Projection) -> list[Partition]:
        return [part for source in self.sources for part in source.partitions(projection)]


def source_paths(source: Source) -> list[Path]:
    """The files that a source reads, where it reads files; to be given to :func:`open_sink`."""
    return list(getattr(source, "paths", ()))


def _file_scheme(text: str, options: SourceOptions) -> Source:
    scheme, rest = _split(text)
    if rest == "-":
        return StandardInput(options, scheme)
    return FileSource(text, find_files(rest, scheme), options)


def _file_sink(text: str, options: SinkOptions) -> Sink:
    return JsonlSink(_split(text)[1], options.format, eager=options.eager)


SOURCES: dict[str, SourceFactory] = {"jsonl": _file_scheme, "csv": _file_scheme}
SINKS: dict[str, SinkFactory] = {"jsonl": _file_sink}


def open_source(
    text: str | Path | Sequence[str | Path],
    *,
    type_name: str | None = None,
    csv_text: bool | Collection[str] = False,
    chunk_bytes: int = CHUNK_BYTES,
    max_line_bytes: int = MAX_LINE_BYTES,
    wait_s: float | None = None,
    clock: Callable[[], int] = wall_clock,
) -> Source:
    """One source for all that is given: files, patterns, folders, ``-`` for standard input, ``scheme:…``.

    Files that share a base name are told apart by their folders, and a file given twice is read once, so files are to
    be opened together. Nothing is read yet. The other arguments are those of :class:`SourceOptions`.

    Raises:
        UsageError: something is missing or not understood; the message says what to type instead.
    """
    texts = [text] if isinstance(text, str | Path) else text
    if not texts or "" in texts:
        raise UsageError("no source is given: name a file, a folder, or `-` for standard input")
    options = SourceOptions(type_name, csv_text, chunk_bytes, max_line_bytes, wait_s, clock)
    files: list[DataFile] = []
    names: list[str] = []
    others: list[Source] = []
    for each in dict.fromkeys(map(str, texts)):
        scheme, rest = _split(each)
        if each == "-":
            others.append(StandardInput(options))
        elif not scheme or (scheme in FORMATS and rest != "-"):
            files += find_files(rest, scheme or None)
            names.append(each)
        else:
            factory = _look_up(scheme, SOURCES, "cep.sources", "source")
            others.append(factory(each, options))
    if sum(isinstance(other, StandardInput) for other in others) > 1:
        raise UsageError("standard input is given twice: it can be read once")
    sources: list[Source] = [FileSource(", ".join(names), distinct(files), options)] if files else []
    sources += others
    return sources[0] if len(sources) == 1 else SourceGroup(sources)


def open_sink(
    text: str | Path,
    *,
    format: Format = "json",
    eager: bool = False,
    inputs: Iterable[Path] = (),
) -> Sink:
    """A sink: a file that ends in ``.jsonl``, ``-`` for standard output, or ``scheme:…``.

    ``eager`` hands over each write at once, as a live source wants it. ``inputs`` are files not to be written over.

    Raises:
        UsageError: it cannot be written to or is not understood; the message says what to type instead.
    """
    if format not in get_args(Format):
        known = " or ".join(f"`{name}`" for name in get_args(Format))
        raise UsageError(f"no output format named `{format}`; write {known}")
    text = str(text)
    options = SinkOptions(format, eager)
    scheme, rest = _split(text)
    if scheme and scheme not in SINKS:
        factory: SinkFactory = _look_up(scheme, SINKS, "cep.sinks", "sink")
        return factory(text, options)
    check_not_input(rest, inputs)
    by_ending = Path(rest).suffix.lower() in (".jsonl", ".ndjson") or rest in ("-", os.devnull)
    if not scheme and not by_ending:
        raise UsageError(
            f"cannot tell what to write to `{text}` by its ending: a file of derived events ends in `.jsonl`; "
            f"write `jsonl:{text}` to use that name"
        )
    return JsonlSink(rest, format, eager=eager)


def check_not_input(path: str | Path, inputs: Iterable[Path]) -> None:
    """Refuses to write over a file that is read.

    Raises:
        UsageError: ``path`` is one of ``inputs``.
    """
    output = Path(path)
    for source in inputs:
        if output.exists() and source.exists() and output.samefile(source):
            raise UsageError(f"`{path}` is read as a source: write to another file")


def _split(text: str) -> tuple[str, str]:
    """Scheme and rest; an empty scheme for what is a file's name. ``C:`` is a drive, not a scheme."""
    match = _SCHEME.fullmatch(text)
    if match is None or os.path.lexists(text):
        return "", text
    return match[1].lower(), match[2]


def _look_up(scheme: str, built_in: dict[str, Any], group: str, what: str) -> Any:
    """The factory of a scheme.

    Raises:
        UsageError: nobody serves it, or the package that does cannot be loaded.
    """
    if scheme in built_in:
        return built_in[scheme]
    offered = entry_points(group=group)
    for entry in offered:
        if entry.name == scheme:
            try:
                return entry.load()
            except Exception as error:
                owner = entry.dist.name if entry.dist is not None else entry.value
                raise UsageError(f"the {what} `{scheme}:` of `{owner}` cannot be loaded: {error}") from error
    names = sorted({*built_in, *(entry.name for entry in offered)})
    near = suggestion(scheme, names)
    hint = did_you_mean(near and f"{near}:") or f"there are: {', '.join(names)}"
    raise UsageError(f"no {what} for `{scheme}:`; {hint}")
