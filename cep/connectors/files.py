"""Which files a person means by a name, a pattern or a folder, and the source that reads them.

Connectors layer. Invariant: the order of the files and the names that ids are made of depend on the names of the files
alone: not on the working directory, nor on the order in which a folder lists them.
"""

from __future__ import annotations

import glob
import os
import stat
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from cep.connectors.csv_files import CsvPartition
from cep.connectors.jsonl import JsonlPartition
from cep.connectors.protocols import Partition, SourceOptions
from cep.connectors.reading import COMPRESSIONS, open_file
from cep.diagnostics import did_you_mean, suggestion
from cep.errors import UsageError
from cep.projection import Projection

FORMATS: dict[str, type[JsonlPartition] | type[CsvPartition]] = {
    "jsonl": JsonlPartition,
    "csv": CsvPartition,
}
ENDINGS = {"jsonl": "jsonl", "ndjson": "jsonl", "csv": "csv"}
_KNOWN = "`.jsonl`, `.ndjson` or `.csv`, each also with `.gz` or `.zst` after it"


@dataclass(frozen=True, slots=True)
class DataFile:
    """A file to read, in the format of ``FORMATS``; ``compression`` is empty, ``gz`` or ``zst``."""

    path: Path
    format: str
    compression: str


class FileSource:
    """Files, each a source of its own with one partition; the ids of its events start with the file's name.

    ``paths`` are the files that are read, for whoever must not write over them.
    """

    def __init__(self, name: str, files: Sequence[DataFile], options: SourceOptions) -> None:
        self.name = name
        self.paths = [file.path for file in files]
        self._files = files
        self._options = options

    def partitions(self, projection: Projection) -> list[Partition]:
        names = source_names(self.paths)
        partitions: list[Partition] = []
        for file in self._files:
            try:
                stream = open_file(file.path, file.compression)
            except OSError as error:
                raise UsageError(f"cannot read `{file.path}`: {error.strerror}") from None
            kind = FORMATS[file.format]
            partitions.append(kind(stream, names[file.path], projection, self._options))
        return partitions


def data_file(path: Path, format: str | None = None) -> DataFile | None:
    """What the ending says; null where it says nothing. ``format`` takes the place of the ending."""
    stem, _, last = path.name.lower().rpartition(".")
    compression = last if last in COMPRESSIONS and stem else ""
    ending = stem.rpartition(".")[2] if compression else last
    format = format or (ENDINGS.get(ending) if "." in path.name else None)
    return DataFile(path, format, compression) if format else None


def find_files(text: str, format: str | None = None) -> list[DataFile]:
    """The files that a file's name, a pattern such as ``logs/*.jsonl.gz`` or a folder stands for, in their order.

    A folder stands for the data files in it, not in folders below it; so does a pattern, whose ``**`` reaches those.
    Hidden files and files with other endings are passed over there. A symbolic link stands for what it points at.

    Raises:
        UsageError: nothing is there to read; the message says what to type instead.
    """
    path = Path(text)
    if path.is_dir():
        return _in_folder(path, format)
    if not os.path.lexists(path) and glob.has_magic(text):
        found = [Path(name) for name in sorted(glob.glob(text, recursive=True))]  # noqa: PTH207 - absolute too
        files = _data_files(found, format)
        if not files:
            seen = f"; it matches {len(found)} other names" if found else ""
            raise UsageError(f"no data file matches `{text}`{seen}; data files end in {_KNOWN}")
        return files
    check_readable(path)
    file = data_file(path, format)
    if file is None:
        raise UsageError(
            f"cannot tell the format of `{text}` by its ending: data files end in {_KNOWN}; "
            f"write `jsonl:{text}` if each line of it is a JSON object, or `csv:{text}`"
        )
    return [file]


def _in_folder(folder: Path, format: str | None) -> list[DataFile]:
    try:
        found = sorted(folder.iterdir(), key=lambda path: path.name)
    except OSError as error:
        raise UsageError(f"cannot read the folder `{folder}`: {error.strerror}") from None
    files = _data_files(found, format)
    if not files:
        below = any(path.is_dir() for path in found)
        hint = f"; `{folder}/**/*.jsonl` looks into the folders below it as well" if below else ""
        raise UsageError(f"no data files in the folder `{folder}`: they end in {_KNOWN}{hint}")
    return files


def _data_files(paths: Iterable[Path], format: str | None) -> list[DataFile]:
    files = []
    for path in paths:
        if path.name.startswith(".") or not path.is_file():
            continue
        file = data_file(path, format)
        if file is not None:
            check_readable(path)
            files.append(file)
    return files


def check_readable(path: Path) -> None:
    """Refuses what is not a regular file that may be read.

    Raises:
        UsageError: it is missing, it is a pipe or a device, or permission is denied.
    """
    try:
        mode = path.stat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        raise UsageError(f"there is no file `{path}`{_near(path)}") from None
    except OSError as error:
        raise UsageError(f"cannot read `{path}`: {error.strerror}") from None
    except ValueError as error:
        raise UsageError(f"cannot read {str(path)!r}: {error}") from None
    if not stat.S_ISREG(mode):
        raise UsageError(
            f"cannot read `{path}`: it is not a regular file; `-` reads standard input: `… | cep run … --source -`"
        )
    if not os.access(path, os.R_OK):
        raise UsageError(f"cannot read `{path}`: permission denied")


def _near(path: Path) -> str:
    folder = path.parent
    if not folder.is_dir():
        return f": there is no folder `{folder}`"
    try:
        names = [entry.name for entry in folder.iterdir() if entry.is_dir() or data_file(entry)]
    except OSError:
        return ""
    near = suggestion(path.name, sorted(names))
    return f"; {did_you_mean(str(folder / near))}" if near else ""


def distinct(files: Iterable[DataFile]) -> list[DataFile]:
    """Each file once, also where it is given twice: by its name and by a pattern."""
    seen: dict[str, DataFile] = {}
    for file in files:
        seen.setdefault(_absolute(file.path), file)
    return list(seen.values())


def _absolute(path: Path) -> str:
    """Without ``..``, and without following links: a link has a name of its own."""
    return os.path.abspath(path)  # noqa: PTH100


def source_names(paths: Sequence[Path]) -> dict[Path, str]:
    """The name of each file in ids: its base name, with as many folders before it as tell it from the others.

    >>> list(source_names([Path("a/x.jsonl"), Path("b/x.jsonl"), Path("b/y.jsonl")]).values())
    ['a/x.jsonl', 'b/x.jsonl', 'y.jsonl']
    """
    groups: dict[str, list[Path]] = defaultdict(list)
    for path in paths:
        groups[path.name].append(path)
    names: dict[Path, str] = {}
    for group in groups.values():
        parts = {path: Path(_absolute(path)).parts for path in group}
        depth = 1
        while len({each[-depth:] for each in parts.values()}) < len(group):
            depth += 1
        names.update({path: "/".join(parts[path][-depth:]) for path in group})
    return {path: names[path] for path in paths}
