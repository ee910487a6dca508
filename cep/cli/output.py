"""Outputs that cannot be written, a full disk or a closed standard output, told as a mistake of use. CLI layer."""

from __future__ import annotations

import contextlib
import errno
import io
import os
import sys
from collections.abc import Iterator, Sequence
from typing import Any, Generic, Protocol, TypeVar

from cep.errors import UsageError

STANDARD_OUTPUT = "standard output"

_UNWRITABLE = frozenset({errno.ENOSPC, errno.EBADF, errno.EIO, errno.EFBIG, errno.EDQUOT})

_Item = TypeVar("_Item", contravariant=True)


class _Writer(Protocol[_Item]):
    def write(self, items: Sequence[_Item], /) -> None: ...

    def flush(self) -> None: ...

    def close(self) -> None: ...


class Told(Generic[_Item]):
    """An output whose failures are told with its name; that its reader went away passes."""

    def __init__(self, output: _Writer[_Item], name: str) -> None:
        self._output = output
        self._name = name

    def write(self, items: Sequence[_Item], /) -> None:
        with told(self._name):
            self._output.write(items)

    def flush(self) -> None:
        with told(self._name):
            self._output.flush()

    def close(self) -> None:
        with told(self._name):
            self._output.close()


@contextlib.contextmanager
def told(name: str) -> Iterator[None]:
    """An error of writing as one of ours.

    Raises:
        UsageError: it cannot be written.
    """
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        if name == STANDARD_OUTPUT:
            give_up_standard_output()
        raise UsageError(f"cannot write to {name}: {error.strerror or error}") from None


def standard_output_failed(error: OSError) -> bool:
    """Whether an error that no file is named for, and no :class:`Told` told, is one of writing to standard output."""
    return error.filename is None and error.errno in _UNWRITABLE


def give_up_standard_output() -> None:
    """What standard output still holds goes nowhere, else Python complains about it when it exits."""
    from cep.connectors.sinks import discard

    discard(sys.stdout)


def ensure_standard_output() -> None:
    """Where the process was started without standard output (``>&-``), one that cannot be written takes its place."""
    if sys.stdout is None:
        sys.stdout = io.TextIOWrapper(io.BufferedWriter(_Closed()), "utf-8")


class _Closed(io.RawIOBase):
    """Fails at the first write; then takes everything, so that nothing complains when Python exits."""

    def __init__(self) -> None:
        self._failed = False

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        if not self._failed:
            self._failed = True
            raise OSError(errno.EBADF, os.strerror(errno.EBADF))
        return len(data)
