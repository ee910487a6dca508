"""Standard error as a person sees it: colours, and text from outside made harmless. CLI layer."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Callable
from typing import TextIO

from cep.diagnostics import visible

__all__ = ["Console", "counted", "painter", "style_of", "use_color", "visible"]

_STYLES = {"error": "1;31", "warning": "1;33", "strong": "1", "dim": "2", "good": "32", "name": "36"}


def use_color(choice: str, stream: TextIO) -> bool:
    """Whether to colour: ``always``, ``never``, or for ``auto`` what the environment and the stream say."""
    if choice != "auto":
        return choice == "always"
    if os.environ.get("NO_COLOR"):
        return False
    if any(os.environ.get(name, "0") not in ("", "0") for name in ("FORCE_COLOR", "CLICOLOR_FORCE")):
        return True
    return is_terminal(stream) and os.environ.get("TERM") != "dumb"


_PAGE = {"rule": "1;36", "title": "1", "code": "32", "doc": "3"}


def style_of(colored: bool) -> Callable[[str, str], str]:
    """How the parts of a page are painted: rule, title, code, doc. Without colours a text stays as it is."""
    return lambda text, part: f"\x1b[{_PAGE[part]}m{text}\x1b[0m" if colored and text else text


def is_terminal(stream: TextIO | None) -> bool:
    """Whether a person looks at it."""
    try:
        return stream is not None and stream.isatty()
    except ValueError:  # closed
        return False


def _painted(text: str, style: str) -> str:
    return f"\x1b[{_STYLES[style]}m{text}\x1b[0m"


def painter(choice: str, stream: TextIO) -> Callable[[str, str], str] | None:
    """What puts a text in a style of :data:`_STYLES`; null where there are no colours. See :func:`use_color`."""
    return _painted if use_color(choice, stream) else None


class Console:
    """Writes lines to standard error."""

    def __init__(self, color: str = "auto") -> None:
        self.color = use_color(color, sys.stderr)

    def paint(self, text: str, style: str) -> str:
        """The text in a colour, where there are colours."""
        return _painted(text, style) if self.color else text

    def line(self, text: str = "") -> None:
        """One line. What comes from outside must have gone through :func:`visible`."""
        if sys.stderr is None:  # closed; `print` would take standard output
            return
        with contextlib.suppress(OSError):
            print(text, file=sys.stderr)

    def error(self, message: str, hint: str | None = None) -> None:
        """``error: what is wrong``, and below it what to do."""
        self._told("error", message, hint)

    def warning(self, message: str, hint: str | None = None) -> None:
        """``warning: …`` likewise."""
        self._told("warning", message, hint)

    def _told(self, kind: str, message: str, hint: str | None) -> None:
        self.line(f"{self.paint(kind, kind)}: {visible(message)}{f'; {visible(hint)}' if hint else ''}")


def counted(count: int, noun: str, nouns: str | None = None) -> str:
    """``1 rule``, ``1,200 rules``."""
    return f"{count:,} {noun if count == 1 else nouns or noun + 's'}"
