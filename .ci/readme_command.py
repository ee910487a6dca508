"""Print one of the README's two commands, so that CI runs exactly what a reader copies.

A command is the one line (a backslash may continue it) of the fenced block after its marker::

    <!-- ci: run -->
    ```sh
    python3 -m venv .venv && ...
    ```

Usage: ``python3 .ci/readme_command.py NAME [README]``, where NAME is ``run`` or ``test``.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

NAMES = ("run", "test")
_MARKER = re.compile(r"^<!-- ci: (?P<name>\S+) -->$")
_FENCE = re.compile(r"^(?P<fence>`{3,}|~{3,})[^`]*$")


class ReadmeError(Exception):
    """The README does not show its commands in the agreed form."""


def commands(text: str) -> dict[str, str]:
    """Every marked command of a README by name.

    Raises:
        ReadmeError: a marker stands twice or not before a closed block of exactly one command.
    """
    found: dict[str, str] = {}
    lines = [line.rstrip() for line in text.splitlines()]
    for number, line in enumerate(lines, start=1):
        marker = _MARKER.match(line)
        if marker is None:
            continue
        name = marker["name"]
        if name in found:
            raise ReadmeError(f"line {number}: a second command is marked `ci: {name}`")
        block = _block(lines[number:], f"line {number}: `ci: {name}`")
        joined = "\n".join(block).replace("\\\n", "")  # what a shell makes of it
        written = [part.strip() for part in joined.splitlines() if part.strip()]
        if len(written) != 1:
            raise ReadmeError(f"line {number}: `ci: {name}` marks {len(written)} commands; it must be one")
        found[name] = written[0]
    return found


def _block(lines: list[str], place: str) -> list[str]:
    """The inside of the fenced block that the lines start with; blank lines may precede it."""
    start = next((at for at, line in enumerate(lines) if line), len(lines))
    opening = _FENCE.match(lines[start]) if start < len(lines) else None
    if opening is None:
        raise ReadmeError(f"{place} must stand immediately before a fenced block")
    inside = lines[start + 1 :]
    if opening["fence"] not in inside:
        raise ReadmeError(f"{place}: the fenced block is not closed")
    return inside[: inside.index(opening["fence"])]


def main(arguments: list[str]) -> int:
    """Print the command asked for; 1 and a message on standard error where there is none."""
    if not 1 <= len(arguments) <= 2 or arguments[0] not in NAMES:
        print(f"usage: readme_command.py {'|'.join(NAMES)} [README]", file=sys.stderr)
        return 2
    name, readme = arguments[0], Path(arguments[1] if len(arguments) == 2 else "README.md")
    try:
        found = commands(readme.read_text("utf-8"))
        if name not in found:
            raise ReadmeError(f"no command is marked `<!-- ci: {name} -->`")
    except (OSError, ReadmeError) as error:
        print(f"{readme}: {error}", file=sys.stderr)
        return 1
    print(found[name])
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
