"""What a run changes in the process while it lasts: Ctrl-C and the garbage collector. Pipeline layer."""

from __future__ import annotations

import contextlib
import gc
import signal
import threading
from collections.abc import Iterator
from types import FrameType
from typing import Literal

_GENERATIONS = (50_000, 20, 100)


class Interrupt:
    """Ctrl-C, held back while the engine works: what it derived from the batch at hand would be lost otherwise.

    Where the application has a handler of its own, or the run is not in the main thread, nothing is changed.
    """

    def __init__(self) -> None:
        self.ending: Literal["interrupted", "terminated"] = "interrupted"
        self._asked = False
        self._may_raise = False
        self._installed = False

    def __enter__(self) -> Interrupt:
        in_main = threading.current_thread() is threading.main_thread()
        if in_main and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
            signal.signal(signal.SIGINT, self._handle)
            self._installed = True
        return self

    def __exit__(self, *_: object) -> None:
        if self._installed:
            signal.signal(signal.SIGINT, signal.default_int_handler)

    def _handle(self, number: int, frame: FrameType | None) -> None:
        self.request()

    def request(self) -> None:
        """End the run after this batch; at once where it waits for input, and the second time.

        Raises:
            KeyboardInterrupt: it ends at once.
        """
        if self._asked or self._may_raise:
            raise KeyboardInterrupt
        self._asked = True

    def check(self) -> None:
        """Between two batches.

        Raises:
            KeyboardInterrupt: the end was asked for.
        """
        if self._asked:
            raise KeyboardInterrupt

    @contextlib.contextmanager
    def waiting(self, may_raise: bool) -> Iterator[None]:
        """While input is waited for."""
        self._may_raise = may_raise
        try:
            self.check()
            yield
        finally:
            self._may_raise = False


@contextlib.contextmanager
def rare_collections() -> Iterator[None]:
    """Rules and generated code stay out of the garbage collector's way, and it runs less often, for this run."""
    if not gc.isenabled() or gc.get_freeze_count():
        yield
        return
    before = gc.get_threshold()
    gc.freeze()
    gc.set_threshold(*_GENERATIONS)
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()
