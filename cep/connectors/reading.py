"""Bytes from files, compressed files and standard input, a piece at a time.

Connectors layer. Memory stays bounded whatever the bytes say: compressed input is fed to the decompressor in pieces so
small that even the most extreme ratio stays below some MiB. What a damaged file holds before the damage is delivered
before :class:`Damaged` is raised, and how much that is depends on the file alone.
"""

from __future__ import annotations

import contextlib
import errno
import os
import select
import stat
import sys
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO, Protocol

from cep.errors import MissingExtra, UsageError

_GZIP_PIECE = 1024
_ZSTD_PIECE = 512
"""Deflate expands at most 1,032 times. A block of zstd is at most 128 KiB and takes at least four bytes."""


class Damaged(Exception):
    """The rest of a file cannot be read; the message is the reason, a sentence without a full stop."""


class Bytes(Protocol):
    """Something to read bytes from. Opens at the first read."""

    live: bool
    size: int | None
    position: int

    def read(self, count: int) -> bytes | None:
        """About ``count`` bytes; empty at the end, null when nothing came in time.

        Raises:
            Damaged: there is more, but it cannot be read.
        """

    def close(self) -> None:
        """Closes what is open. May be called more than once."""


class FileBytes:
    """A regular file. Anything else at that path is refused, also when it was put there after the check."""

    live = False

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor: int | None = None
        self._closed = False
        self.position = 0
        self.size: int | None = path.stat().st_size

    def read(self, count: int) -> bytes:
        if self._closed:
            return b""
        try:
            if self._descriptor is None:
                self._descriptor = _open_regular(self._path)
            piece = os.read(self._descriptor, count)
        except OSError as error:
            if error.errno in (errno.EMFILE, errno.ENFILE):
                raise UsageError(
                    f"too many files are open to read `{self._path}` as well; raise the limit with `ulimit -n`"
                ) from None
            raise Damaged(f"the file cannot be read: {error.strerror or error}") from None
        self.position += len(piece)
        return piece

    def close(self) -> None:
        self._closed = True
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


def _open_regular(path: Path) -> int:
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)
    descriptor = os.open(path, flags)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(errno.EINVAL, "not a regular file")
    return descriptor


class CompressedBytes:
    """A compressed file, decompressed: one or several gzip members or zstd frames, one after the other."""

    live = False

    def __init__(self, file: FileBytes, compression: str) -> None:
        self._file = file
        self._kind, self._piece, self._start = _DECOMPRESSORS[compression]
        self._member: Any = None
        self._rest = b""
        self._damage: Damaged | None = None
        self.size = file.size
        self.position = 0

    def read(self, count: int) -> bytes:
        """At least ``count`` bytes where there are as many."""
        parts: list[bytes] = []
        held = 0
        while held < count and self._damage is None:
            try:
                part = self._next()
            except Damaged as damage:
                self._damage = damage
                break
            self.position = self._file.position
            if part is None:
                break
            parts.append(part)
            held += len(part)
        if not held and self._damage is not None:
            raise self._damage
        return b"".join(parts)

    def _next(self) -> bytes | None:
        """The output of the next piece of input, possibly empty; null at the end."""
        piece = self._rest or self._file.read(self._piece)
        self._rest = b""
        if not piece:
            if self._member is not None:
                raise Damaged(f"the {self._kind} file is cut off")
            return None
        if self._member is None:
            if self._file.position > len(piece):
                piece = piece.lstrip(b"\0")
                if not piece:
                    return b""
            self._member = self._start()
        try:
            part: bytes = self._member.decompress(piece)
        except MemoryError:
            raise
        except Exception as error:  # zlib.error and both ZstdErrors have no base of their own
            raise Damaged(f"the {self._kind} file is damaged: {error}") from None
        if self._member.eof:
            self._rest = self._member.unused_data
            self._member = None
        return part

    def close(self) -> None:
        self._file.close()


def _start_zstd() -> Callable[[], Any]:
    if sys.version_info >= (3, 14):
        from compression.zstd import ZstdDecompressor

        return ZstdDecompressor
    try:
        import zstandard
    except ImportError:
        raise MissingExtra("zstd", "reading .zst files") from None
    return lambda: zstandard.ZstdDecompressor().decompressobj()


_DECOMPRESSORS: dict[str, tuple[str, int, Callable[[], Any]]] = {
    "gz": ("gzip", _GZIP_PIECE, lambda: zlib.decompressobj(31)),
    "zst": ("zstd", _ZSTD_PIECE, lambda: _start_zstd()()),
}
COMPRESSIONS = tuple(_DECOMPRESSORS)


def open_file(path: Path, compression: str = "") -> Bytes:
    """The bytes of a regular file, decompressed where ``compression`` is ``gz`` or ``zst``.

    Raises:
        MissingExtra: zstd needs a package on this version of Python.
        OSError: the file does not exist.
    """
    file = FileBytes(path)
    if not compression:
        return file
    if compression == "zst":
        _start_zstd()
    return CompressedBytes(file, compression)


class LiveBytes:
    """A descriptor that others write to, such as standard input: delivers what is there, as soon as it is there.

    ``wait_s`` bounds the wait for more; null waits for ever. Where the system cannot wait on the descriptor (a pipe on
    Windows) the wait has no bound.
    """

    live = True
    size: int | None = None

    def __init__(self, descriptor: int, wait_s: float | None = None) -> None:
        self._descriptor = descriptor
        self._wait_s = wait_s
        self._ended = False
        self.position = 0

    def read(self, count: int) -> bytes | None:
        if self._ended:
            return b""
        if self._wait_s is not None and not self._ready(self._wait_s):
            return None
        try:
            piece = os.read(self._descriptor, count)
        except BlockingIOError:  # someone made the descriptor non-blocking
            return None if self._ready(self._wait_s) is False else self.read(count)
        except OSError as error:
            raise Damaged(f"standard input cannot be read: {error.strerror or error}") from None
        self._ended = not piece
        self.position += len(piece)
        return piece

    def _ready(self, wait_s: float | None) -> bool:
        with contextlib.suppress(OSError, ValueError):
            return bool(select.select([self._descriptor], [], [], wait_s)[0])
        return True

    def close(self) -> None:
        """Leaves the descriptor open: it belongs to the process."""
        self._ended = True


class StreamBytes:
    """A binary stream without a descriptor, which an application or a test put in place of standard input."""

    live = True
    size: int | None = None

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._read = getattr(stream, "read1", stream.read)
        self._closed = False
        self.position = 0

    def read(self, count: int) -> bytes:
        piece: bytes = b"" if self._closed else self._read(count)
        self.position += len(piece)
        return piece

    def close(self) -> None:
        """Leaves the stream open: it belongs to the process."""
        self._closed = True


def standard_input(wait_s: float | None = None) -> Bytes:
    """The bytes of standard input.

    Raises:
        UsageError: the process has none.
    """
    if sys.stdin is None:
        raise UsageError("there is no standard input to read")
    try:
        return LiveBytes(sys.stdin.fileno(), wait_s)
    except (OSError, ValueError):
        return StreamBytes(sys.stdin.buffer)
