"""Derived events, late events and dead letters as lines of JSON.

Connectors layer. Files and standard output are class A: an event may be written again after a crash, always with the
same id. A file is made anew at the first write, so that a run that fails before leaves the old one as it was.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import IO, Any, BinaryIO

import msgspec

from cep.connectors import cloudevents
from cep.connectors.protocols import Format, ReaderGone
from cep.errors import UsageError
from cep.event import DeadLetter, DerivedEvent, LateEvent

_ENCODER = msgspec.json.Encoder()
_BUFFER = 64 * 1024


def encode_json(derived: Sequence[DerivedEvent]) -> bytes:
    """Lines of JSON in the shape of LANGUAGE section 9."""
    return b"".join([event.to_json() + b"\n" for event in derived])


_ENCODERS: dict[Format, Callable[[Sequence[DerivedEvent]], bytes]] = {
    "json": encode_json,
    "cloudevents": cloudevents.encode,
}
FORMATS = tuple(_ENCODERS)


class JsonlSink:
    """Writes to a file, or to standard output where ``path`` is ``-``.

    With ``eager`` each ``write`` is handed over at once; standard output does so anyway when it is a terminal. A file
    is opened here, so that a path that cannot be written is found before the run, and emptied at the first write or
    at ``close``.

    Raises:
        UsageError: the path cannot be written to, or is not a regular file.
    """

    def __init__(self, path: str | Path, format: Format = "json", *, eager: bool = False) -> None:
        self.path = None if str(path) == "-" else Path(path)
        self._encode = _ENCODERS[format]
        self._output: _Output = _StandardOutput(eager) if self.path is None else _File(self.path, eager)

    def write(self, derived: Sequence[DerivedEvent]) -> None:
        if derived:
            self._output.write(self._encode(derived))

    def flush(self) -> None:
        self._output.flush()

    def close(self) -> None:
        self._output.close()


class JsonlLetters:
    """Writes late events or dead letters to a file, which is made when there is a first one.

    A file of that name from an earlier run is emptied at ``close`` when nothing was written. Since records may be
    private, only its owner may read a file that is made here.

    Raises:
        UsageError: the path cannot be written to, or is not a regular file.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self.count = 0
        check_writable(self.path)
        self._file: _File | None = None

    def write(self, letters: Sequence[DeadLetter | LateEvent]) -> None:
        if not letters:
            return
        if self._file is None:
            self._file = _File(self.path, eager=False, private=True)
        self.count += len(letters)
        self._file.write(_ENCODER.encode_lines([letter.to_dict() for letter in letters]))

    def flush(self) -> None:
        if self._file is not None:
            self._file.flush()

    def close(self) -> None:
        if self._file is None and self.path.exists():
            self._file = _File(self.path, eager=False, private=True)
        if self._file is not None:
            self._file.close()


def check_writable(path: Path) -> None:
    """Refuses a path that cannot be written to.

    Raises:
        UsageError: its folder is missing or closed, it is a folder, a pipe or a device, or it may not be written.
    """
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        folder = path.parent
        if not folder.is_dir():
            raise UsageError(f"cannot write `{path}`: there is no folder `{folder}`; make it first") from None
        if not os.access(folder, os.W_OK):
            raise UsageError(f"cannot write `{path}`: the folder `{folder}` may not be written to") from None
        return
    except OSError as error:
        raise UsageError(f"cannot write `{path}`: {error.strerror}") from None
    if stat.S_ISDIR(mode):
        raise UsageError(f"cannot write `{path}`: it is a folder; name a file in it")
    if not stat.S_ISREG(mode) and str(path) != os.devnull:
        raise UsageError(f"cannot write `{path}`: it is not a regular file; `-` writes to standard output")
    if not os.access(path, os.W_OK):
        raise UsageError(f"cannot write `{path}`: permission denied")


def discard(stream: IO[Any]) -> None:
    """Sends what a stream whose reader left still holds nowhere, else Python complains about it when it exits."""
    with contextlib.suppress(OSError, ValueError):
        descriptor = stream.fileno()
        null = os.open(os.devnull, os.O_WRONLY)
        try:
            os.dup2(null, descriptor)
        finally:
            os.close(null)


class _Output:
    """A stream with the manners that all outputs share."""

    def __init__(self, stream: BinaryIO, eager: bool) -> None:
        self._stream = stream
        self._eager = eager
        self._closed = False

    def write(self, data: bytes) -> None:
        self._stream.write(data)
        if self._eager:
            self._stream.flush()

    def flush(self) -> None:
        if not self._closed:
            self._stream.flush()

    def close(self) -> None:
        if not self._closed:
            self._closed = True
            self._stream.close()


class _File(_Output):
    def __init__(self, path: Path, eager: bool, private: bool = False) -> None:
        check_writable(path)
        self._empty = True
        try:
            descriptor = os.open(path, _FLAGS, 0o600 if private else 0o666)
            stream = os.fdopen(descriptor, "wb", _BUFFER)
        except OSError as error:
            raise UsageError(f"cannot write `{path}`: {error.strerror}") from None
        super().__init__(stream, eager)

    def write(self, data: bytes) -> None:
        self._clear()
        super().write(data)

    def close(self) -> None:
        if not self._closed:
            self._clear()
        super().close()

    def _clear(self) -> None:
        if self._empty:
            self._empty = False
            with contextlib.suppress(OSError):  # the null device has no length
                self._stream.truncate(0)


_FLAGS = os.O_WRONLY | os.O_CREAT | getattr(os, "O_BINARY", 0) | getattr(os, "O_NONBLOCK", 0)


def _standard_stream() -> BinaryIO:
    """Standard output with a buffer of our own: ``PYTHONUNBUFFERED``, common in containers, takes Python's away."""
    try:
        sys.stdout.flush()
        descriptor = sys.stdout.fileno()
    except (OSError, ValueError):
        return sys.stdout.buffer  # an application or a test put a stream without a descriptor there
    return os.fdopen(descriptor, "wb", _BUFFER, closefd=False)


class _StandardOutput(_Output):
    def __init__(self, eager: bool) -> None:
        stream = _standard_stream()
        super().__init__(stream, eager or stream.isatty())

    def write(self, data: bytes) -> None:
        with self._quiet():
            super().write(data)

    def flush(self) -> None:
        with self._quiet():
            super().flush()

    def close(self) -> None:
        """Flushes; standard output itself stays open, it belongs to the process."""
        self.flush()
        self._closed = True

    @contextlib.contextmanager
    def _quiet(self) -> Iterator[None]:
        try:
            yield
        except BrokenPipeError:
            self._closed = True
            discard(self._stream)
            raise ReaderGone(errno.EPIPE, "standard output was closed by its reader") from None
