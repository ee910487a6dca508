"""One line on standard error that says how far a run is, while a person looks. CLI layer."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Sequence

from cep.connectors.protocols import Sink
from cep.event import DerivedEvent
from cep.pipeline.summary import Progress

_CLEAR = "\r\x1b[K"


class ProgressLine:
    """Called with each :class:`Progress`; :meth:`clear` takes the line away before something else is written."""

    def __init__(self) -> None:
        self._shown = False

    def __call__(self, progress: Progress) -> None:
        width = shutil.get_terminal_size().columns - 1
        sys.stderr.write(_CLEAR + progress_text(progress)[:width])
        sys.stderr.flush()
        self._shown = True

    def clear(self) -> None:
        """Take the line away, if there is one."""
        if self._shown:
            sys.stderr.write(_CLEAR)
            sys.stderr.flush()
            self._shown = False


class SharedTerminal:
    """A sink on the terminal that also shows the progress line: the line goes before events are written."""

    def __init__(self, sink: Sink, progress: ProgressLine) -> None:
        self._sink = sink
        self._progress = progress

    def write(self, derived: Sequence[DerivedEvent]) -> None:
        if derived:
            self._progress.clear()
        self._sink.write(derived)

    def flush(self) -> None:
        self._sink.flush()

    def close(self) -> None:
        self._sink.close()


def progress_text(progress: Progress) -> str:
    """``42%  12.3 of 29.1 MB  1,234,567 events  812,000/s  31 derived  0:12 left``.

    Where the size is not known, without percentage and time left.
    """
    rate = progress.events / progress.seconds if progress.seconds else 0.0
    counts = f"{progress.events:,} events  {rate:,.0f}/s  {progress.derived:,} derived"
    total = progress.bytes_total
    if not total:
        return f"{megabytes(progress.bytes_done)} MB  {counts}"
    share = min(progress.bytes_done / total, 1.0)
    text = f"{share:4.0%}  {megabytes(progress.bytes_done)} of {megabytes(total)} MB  {counts}"
    if share > 0.01 and progress.seconds > 1:
        text += f"  {clock(progress.seconds * (1 - share) / share)} left"
    return text


def megabytes(count: int) -> str:
    """Millions of bytes with one decimal."""
    return f"{count / 1e6:,.1f}"


def clock(seconds: float) -> str:
    """``0:12``, ``1:02:03``."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"
