"""Runs ``cep`` and the example programs as their readers do: in a process of their own, from the checkout."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent.parent
EXAMPLES = ROOT / "examples"
RULES = ROOT / "rules"


def python(*arguments: str | Path, stdin: bytes | None = None, code: int = 0) -> subprocess.CompletedProcess[bytes]:
    """``python ARGUMENTS`` in the checkout; fails with its standard error where the exit code is not ``code``."""
    command = [sys.executable, *map(str, arguments)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        command, input=stdin, capture_output=True, cwd=ROOT, env=environment, timeout=300, check=False
    )
    assert done.returncode == code, done.stderr.decode("utf-8", "replace")
    return done


def cep_run(rules: Path, source: Path | str, *options: str, stdin: bytes | None = None) -> bytes:
    """What ``cep run RULES --source SOURCE`` writes to standard output."""
    return python("-m", "cep", "run", rules, "--source", source, *options, stdin=stdin).stdout


def objects(lines: bytes) -> list[dict[str, Any]]:
    return [json.loads(line) for line in lines.splitlines()]
