"""How long `cep test` and `cep check` take on many rules: `python -m tests.bench.rule_tests [--rules 1000] [--repeat 3]`.

Writes rules of four kinds (count, window, sequence, absence), all reading one event type or each a type of its own, with
one test or two to a rule, and runs the command in a process of its own, as its users do. Shown is the best of some runs:
wall clock, CPU, and the command's own last line, whose seconds are those of the tests alone.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent

SCHEMA = """event {kind} {{
  user: string
  outcome: string in ["success", "failure"]
  n: int
  at: timestamp
}} time at
"""
RULES = (
    'when three {kind}(outcome == "failure" and n == {n}) within 5 minutes per user',
    "from {kind}(n == {n}) per user over last 10 minutes when count() >= 3",
    'when 2+ {kind}(outcome == "failure" and n == {n}) as a then {kind}(outcome == "success") as b within 5 minutes per user',
    "when {kind}(n == {n}) as a then no {kind}(n == {n}) for 10 minutes per user",
)
LAST = ("failure", "failure", "success", "failure")
TIMES = ("2s", "2s", "2s", "602s")


def text_of(rules: int, tests: int, types: int) -> str:
    """The text of a file."""
    parts = [SCHEMA.format(kind=f"Login{kind}") for kind in range(types)]
    for n in range(rules):
        form, kind = n % len(RULES), f"Login{n % types}"
        parts.append(f"rule rule_{n}\n  {RULES[form].format(kind=kind, n=n)}\n  emit Alert{n}(user)\n")
        failure = f'{kind}(user = "ann", outcome = "failure", n = {n})'
        parts.append(
            f'test "fires {n}" for rule_{n}\n  given\n    0s {failure}\n    1s {failure}\n'
            f'    2s {kind}(user = "ann", outcome = "{LAST[form]}", n = {n})\n    then at 1h\n'
            f'  expect\n    {TIMES[form]} Alert{n}(user = "ann")\n'
        )
        if tests > 1:
            parts.append(f'test "silent {n}" for rule_{n}\n  given\n    0s {failure}\n  expect nothing\n')
    return "\n".join(parts)


def measured(verb: str, path: Path) -> tuple[float, float, str]:
    """Wall clock and CPU of a run, in seconds, and its last line."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    started = time.perf_counter()
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-m", "cep", verb, str(path)], capture_output=True, text=True, check=False, env=environment
    )
    wall = time.perf_counter() - started
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode:
        sys.exit(done.stdout[-2_000:] + done.stderr[-2_000:])
    summary = next(line for line in done.stdout.splitlines() if " in " in line)
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, summary


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rules", type=int, default=1_000)
    parser.add_argument("--repeat", type=int, default=3)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "rules.cep"
        for tests in (1, 2):
            for types in (1, 100):
                path.write_text(text_of(asked.rules, tests, types), "utf-8")
                for verb in ("check", "test"):
                    runs = [measured(verb, path) for _ in range(asked.repeat)]
                    wall, cpu, summary = min(runs)
                    kinds = f"{types} type{'s' if types > 1 else ''}"
                    print(
                        f"cep {verb:5} {asked.rules:,} rules, {tests} test each, {kinds:9} {wall:6.2f} s ({cpu:.2f} s CPU): {summary}"
                    )


if __name__ == "__main__":
    main()
