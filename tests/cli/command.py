"""Runs the command: in this process with click's runner, or as its users do, in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result

from cep.cli.group import cep

ROOT = Path(__file__).resolve().parent.parent.parent

BRUTE_FORCE = """
rule brute_force
  "Three failed logins within 5 minutes."
  when three Login(outcome == "failure") within 5 minutes per user
  emit BruteForce(user, attempts = count())
"""


def invoke(*arguments: str | Path, stdin: str | bytes | None = None, env: Mapping[str, str] | None = None) -> Result:
    """The command in this process."""
    return CliRunner().invoke(cep, [str(argument) for argument in arguments], input=stdin, env=env)


def process(
    *arguments: str | Path, cwd: Path, env: Mapping[str, str] | None = None, **options: Any
) -> subprocess.Popen[bytes]:
    """The command in a process of its own, under way."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), **(env or {})}
    pipes = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **options}
    return subprocess.Popen([sys.executable, "-m", "cep", *map(str, arguments)], cwd=cwd, env=environment, **pipes)


def login(second: int, user: str = "ann", outcome: str = "failure", **fields: object) -> dict[str, object]:
    time = f"2026-01-01T00:{second // 60:02d}:{second % 60:02d}Z"
    return {"type": "Login", "time": time, "user": user, "outcome": outcome, **fields}


def write_lines(path: Path, events: Iterable[object]) -> Path:
    """A JSONL file; text stands as it is."""
    lines = (event if isinstance(event, str) else json.dumps(event) for event in events)
    path.write_text("".join(f"{line}\n" for line in lines), "utf-8")
    return path


def objects(text: str | bytes) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]
