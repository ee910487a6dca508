"""How a file is called in what other programs read. CLI layer."""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import quote


def shown_path(file: str) -> str:
    """Relative to the current folder, with ``/``, where the file lies in it; else as it was given."""
    try:
        relative = os.path.relpath(file)
    except ValueError:  # another drive
        return file
    if relative.startswith("..") or not Path(file).exists():
        return file
    return Path(relative).as_posix()


def uri(file: str) -> str:
    """The path as the relative reference, or for a file elsewhere the address, that SARIF wants."""
    shown = shown_path(file)
    if Path(shown).is_absolute():
        return Path(shown).as_uri()
    return quote(shown)
