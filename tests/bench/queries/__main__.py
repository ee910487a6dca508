"""The queries of the benchmark: events a second, the ratio to decoding alone in the same run, and peak memory.

Each is measured in a process of its own, over a seeded file, and its matches are compared with an independent answer.

    python -m tests.bench.queries [NAME …] [--events N] [--rounds N] [--folder FOLDER] [--profile]
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.bench.queries.catalogue import QUERIES
from tests.bench.queries.query import Query


def prepare(query: Query, folder: Path, events: int) -> int:
    """The file, unless it is there already, and its matches."""
    path, known = folder / f"{query.name}.jsonl", folder / f"{query.name}.matches"
    if not known.exists():
        query.write(path, events)
        with path.open(encoding="utf-8") as file:
            known.write_text(str(query.answer(map(json.loads, file))))
    return int(known.read_text())


def show(query: Query, folder: Path, options: argparse.Namespace) -> None:
    """Measure one query and print its line."""
    expected = prepare(query, folder, options.events)
    command = [sys.executable, "-m", "tests.bench.queries.measure", query.name, str(folder), str(options.rounds)]
    command += ["profile"] if options.profile else []
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    *profile, last = output.splitlines()
    found = json.loads(last)
    if found["matches"] != expected:
        sys.exit(f"{query.name}: {found['matches']} matches, not the {expected} of the independent answer")
    print(
        f"{query.name:4} {options.events / found['ran'] / 1000:7,.0f} k/s   decoding alone"
        f" {options.events / found['decoded'] / 1000:7,.0f} k/s   ratio {found['ratio']:5.2f}"
        f" ({found['lowest']:.2f} to {found['highest']:.2f}, aim {query.aim})"
        f"   {found['peak_mb']:5.0f} MB   {expected:9,} matches   {query.title}",
        flush=True,
    )
    print(*profile[:60], sep="\n", end="\n" if profile else "")


def main() -> None:
    """Generate, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(QUERIES)}; without any: all")
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--folder", type=Path, help="keep the files there for the next run")
    parser.add_argument("--profile", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = (options.folder or Path(temporary)) / str(options.events)
        folder.mkdir(parents=True, exist_ok=True)
        for name in options.names or QUERIES:
            show(QUERIES[name], folder, options)


if __name__ == "__main__":
    main()
