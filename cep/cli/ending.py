"""SIGTERM, which ends a run as Ctrl-C does: the batch is finished and the output written. CLI layer."""

from __future__ import annotations

import contextlib
import signal
import sys
import threading
from collections.abc import Iterator
from types import FrameType
from typing import Protocol

INTERRUPTED, TERMINATED = 130, 143


class Interruptible(Protocol):
    """What can be told to end soon; a pipeline."""

    def interrupt(self) -> None: ...


_running: list[Interruptible] = []
_terminated = False


def heed_sigterm() -> None:
    """From now on SIGTERM asks what runs to end, or raises KeyboardInterrupt where nothing does."""
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, _terminate)


def _terminate(number: int, frame: FrameType | None) -> None:
    global _terminated
    _terminated = True
    if not _running:
        raise KeyboardInterrupt
    _running[-1].interrupt()


@contextlib.contextmanager
def ended_by_sigterm(run: Interruptible) -> Iterator[None]:
    """While it runs, SIGTERM is its to end."""
    _running.append(run)
    try:
        yield
    finally:
        _running.remove(run)


def tell_interrupted() -> int:
    """Says on standard error that the command was ended from outside; gives the exit code."""
    if sys.stderr is not None:
        with contextlib.suppress(OSError):
            print("terminated" if _terminated else "interrupted", file=sys.stderr)
    return TERMINATED if _terminated else INTERRUPTED
