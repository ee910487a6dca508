"""The exceptions of cep, all in one tree. Core layer: imports diagnostics only.

::

    CepError
    ├── RuleError            rules do not parse, check or compile; carries every diagnostic (exit code 2)
    ├── UsageError           an option, a configuration or a connection is wrong        (exit code 3)
    │   ├── MissingExtra     an optional package is needed and not installed
    │   ├── TableFault       rows that are no table, see :mod:`cep.tables`
    │   └── TableError       tables that cannot be read; carries a diagnostic for each
    ├── DataError            a record that cannot be decoded or evaluated, under ``on_error="stop"`` (exit code 1)
    └── SnapshotError        a snapshot that does not fit these rules or this version

Anything else that escapes is a bug of ours and is reported as code CEP901.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from cep.diagnostics import Diagnostic, render_concise


class CepError(Exception):
    """Every error that cep raises on purpose."""


class RuleError(CepError):
    """The rules cannot be used. ``diagnostics`` holds all that was found, in file order."""

    def __init__(self, diagnostics: Sequence[Diagnostic]) -> None:
        self.diagnostics = tuple(diagnostics)
        super().__init__("\n".join(render_concise(d) for d in self.diagnostics))


class UsageError(CepError):
    """An option, a configuration value or a connection is wrong."""


class MissingExtra(UsageError):
    """An optional package is needed: the message says what to install."""

    def __init__(self, extra: str, purpose: str) -> None:
        self.extra = extra
        super().__init__(f"{purpose} needs an optional package: pip install 'cep-engine[{extra}]'")


class TableError(UsageError):
    """Tables that the rules read cannot be read. ``diagnostics`` has one for each, at its declaration."""

    def __init__(self, diagnostics: Sequence[Diagnostic]) -> None:
        self.diagnostics = tuple(diagnostics)
        super().__init__("\n".join(render_concise(d) for d in self.diagnostics))


class DataError(CepError):
    """A record could not be decoded or evaluated and the run is told to stop at the first.

    ``derived`` is what the same call had derived before it: nothing of that is lost.
    """

    def __init__(self, message: str) -> None:
        self.derived: list[Any] = []
        super().__init__(message)


class SnapshotError(CepError):
    """A snapshot cannot be restored: other rules, another version, or damaged."""
