"""Measures one query in this process, and prints what it found as JSON: for :mod:`tests.bench.queries.__main__`.

Rounds in turn, decoding alone and then `cep run`. Seconds are processor time, which a busy machine disturbs less than
the clock on the wall. Peak memory is that of the first `cep run`, before anything else was read.
"""

from __future__ import annotations

import cProfile
import json
import resource
import statistics
import sys
import time
from pathlib import Path

import msgspec

from tests.bench.brute_force import run
from tests.bench.queries.catalogue import QUERIES


def decode_alone(path: Path, fields: type[msgspec.Struct]) -> float:
    """Seconds to read the file in the pieces that `cep run` reads, and to decode the fields."""
    decoder = msgspec.json.Decoder(fields)
    start = time.process_time()
    rest = b""
    with path.open("rb", buffering=0) as file:
        while piece := file.read(128 * 1024):
            cut = piece.rfind(b"\n") + 1
            decoder.decode_lines(rest + piece[:cut])
            rest = piece[cut:]
    return time.process_time() - start


def measure(name: str, folder: Path, rounds: int, profile: bool) -> dict[str, float]:
    """Median ratio, best seconds, matches and peak memory in MB."""
    query = QUERIES[name]
    rules, events, output = folder / f"{name}.cep", folder / f"{name}.jsonl", folder / f"{name}.derived.jsonl"
    rules.write_text(query.rules, encoding="utf-8")
    run(rules, events, output)
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    matches = output.read_bytes().count(b"\n")
    pairs = [(decode_alone(events, query.fields), run(rules, events, output)) for _ in range(rounds)]
    if profile:
        cProfile.runctx("run(rules, events, output)", globals(), locals(), sort="tottime")
    return {
        "ratio": statistics.median(ran / decoded for decoded, ran in pairs),
        "lowest": min(ran / decoded for decoded, ran in pairs),
        "highest": max(ran / decoded for decoded, ran in pairs),
        "decoded": min(decoded for decoded, _ in pairs),
        "ran": min(ran for _, ran in pairs),
        "matches": matches,
        "peak_mb": peak_mb,
    }


if __name__ == "__main__":
    found = measure(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]), sys.argv[4:] == ["profile"])
    print(json.dumps(found))
