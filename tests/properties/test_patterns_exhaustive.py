"""Every operator, every pair of operators, over every short stream: the engine derives what the oracle does.

The patterns are those of ``patterns.txt``. The streams are all of up to six letters of three, each letter at the time of
the one before or a second later (bounds and waits are of one and two seconds, so that they are met exactly). All streams
of a pattern are one run of the engine, each under a key of its own and 100 seconds after the one before; the oracle
looks at each alone.

How many: in CI all streams of up to 3 letters and samples of those of 4 to 6, other ones for each pattern (about two
minutes); in the night all of up to 5 letters and 2,000 of 6 (about an hour). All of them, 27,993 for each pattern, are
``python -m tests.properties.nightly streams``.
"""

from __future__ import annotations

import functools
import random
from collections import defaultdict
from collections.abc import Iterator, Mapping
from itertools import accumulate, product
from pathlib import Path

import pytest
from hypothesis import settings

from cep.engine import Engine
from cep.errors import RuleError
from cep.runtime.limits import Limits
from cep.timestamps import SECOND_US, parse_time
from tests.oracle.engine import run
from tests.oracle.rules import load
from tests.oracle.values import OracleEvent
from tests.properties.operators import ALL_PAIRS, Pair, pairs

FOLDER = Path(__file__).parent
LETTERS, GAPS_S = "ABC", (0, 1)
SHIFT_US = 100 * SECOND_US
START_US = 1_767_225_600 * SECOND_US
LATE = "on timeout emit T(k, matched_steps = matched_steps, missing_step = missing_step, deadline = deadline)"

SAMPLES = {1: 3, 2: 18, 3: 108, 4: 90, 5: 40, 6: 40}
"""How many streams of each length: here in CI."""
if settings.default.max_examples < 500:
    SAMPLES |= {3: 30, 4: 5, 5: 5, 6: 5}
elif settings.default.max_examples > 500:
    SAMPLES |= {4: 648, 5: 3_888, 6: 2_000}

ALL = {length: 3**length * 2 ** (length - 1) for length in range(1, 7)}
"""All streams of each length."""

Stream = tuple[tuple[str, int], ...]
"""Letters with their seconds."""
Shown = tuple[str, int, str, tuple[tuple[str, str], ...]]
"""A derived event: type, time since the start of its stream, fields, and the evidence as labels and places."""


def lines(name: str) -> list[str]:
    text = (FOLDER / name).read_text("utf-8")
    return [line for line in text.splitlines() if line and not line.startswith("#")]


def refused() -> dict[Pair, str]:
    """The pairs that the language is said to refuse, with their patterns."""
    found: dict[Pair, str] = {}
    for line in lines("refused_pairs.txt"):
        kind, names, pattern = line.split(": ", 2)
        outer, inner = names.split(" > ")
        found[kind, outer, inner] = pattern
    return found


PATTERNS = lines("patterns.txt")
REFUSED = refused()


def rule_of(line: str) -> str:
    pattern, _, clauses = line.partition(" | ")
    return f"rule r when {pattern} per k {clauses.replace('on timeout', LATE)} emit X(k, n = count())"


def is_accepted(line: str) -> bool:
    """Whether the checker accepts the pattern."""
    try:
        load(rule_of(line))
    except RuleError:
        return False
    return True


# ---- the list ----


def test_every_operator_and_every_pair_is_there() -> None:
    covered: set[Pair] = set()
    for line in [*PATTERNS, *filter(is_accepted, REFUSED.values())]:
        pattern = load(rule_of(line)).rules[0].pattern
        assert pattern is not None
        covered |= set(pairs(pattern))
    assert ALL_PAIRS - covered - set(REFUSED) == set()


def test_the_list_is_long_and_holds_nothing_twice() -> None:
    assert len(PATTERNS) >= 200
    assert len(set(PATTERNS)) == len(PATTERNS)


@pytest.mark.parametrize("pair", REFUSED, ids=" > ".join)
def test_what_is_said_to_be_refused(pair: Pair) -> None:
    """It is refused with a finding of the checker, or it runs like the others."""
    if is_accepted(REFUSED[pair]):
        assert_agrees(REFUSED[pair])
        return
    with pytest.raises(RuleError) as caught:
        load(rule_of(REFUSED[pair]))
    assert "CEP490" not in {each.code for each in caught.value.diagnostics}


# ---- the streams ----


@functools.cache
def streams(length: int) -> list[Stream]:
    """All streams of a length."""
    return [
        tuple(zip(letters, accumulate(gaps, initial=0), strict=True))
        for letters in product(LETTERS, repeat=length)
        for gaps in product(GAPS_S, repeat=length - 1)
    ]


def chosen(line: str, samples: Mapping[int, int]) -> Iterator[Stream]:
    """The streams of a pattern: all of them, or a sample that is the same each time."""
    chance = random.Random(line)
    for length, count in samples.items():
        every = streams(length)
        yield from every if count >= len(every) else chance.sample(every, count)


def engine_results(engine: Engine, some: list[Stream]) -> dict[int, list[Shown]]:
    """What the engine derives of each stream."""
    derived = []
    places: list[str] = []
    for number, stream in enumerate(some):
        for place, (letter, second) in enumerate(stream):
            time_us = START_US + number * SHIFT_US + second * SECOND_US
            record = {"type": letter, "ts": time_us, "k": number}
            derived += engine.push(record, position=len(places))
            places.append(str(place))
    derived += engine.flush()
    found: dict[int, list[Shown]] = defaultdict(list)
    for each in derived:
        number = each.fields.pop("k")
        evidence = tuple((item.step, places[int(item.id.rpartition(":")[2])]) for item in each.evidence)
        start_us = START_US + number * SHIFT_US
        found[number].append((each.type, each.time_us - start_us, shown(each.fields, start_us), evidence))
    return found


def shown(fields: dict[str, object], start_us: int) -> str:
    """The fields; ``deadline``, which events carry as text and the oracle in microseconds, since the stream's start."""
    deadline = fields.get("deadline")
    if isinstance(deadline, str | int):
        fields = fields | {"deadline": (parse_time(deadline) if isinstance(deadline, str) else deadline) - start_us}
    return str(fields)


def oracle_results(line: str, stream: Stream, start_us: int) -> list[Shown]:
    """What the oracle derives of one stream."""
    events = [
        OracleEvent(letter, start_us + second * SECOND_US, {"k": 0}, str(place), ("", "", place))
        for place, (letter, second) in enumerate(stream)
    ]
    result = run(load_once(line), events, "flush")
    return [
        (
            each.type,
            each.time_us - start_us,
            shown({name: value for name, value in each.fields.items() if name != "k"}, start_us),
            tuple(each.evidence),
        )
        for each in result.derived
    ]


load_once = functools.cache(lambda line: load(rule_of(line)))


def assert_agrees(line: str, samples: Mapping[int, int] = SAMPLES) -> int:
    """Both derive the same of all streams of the pattern; the first and shortest difference is told. Gives how many."""
    rules = rule_of(line)
    some = list(chosen(line, samples))
    engine = Engine.from_rules(rules, limits=Limits(runs_per_key=1_000_000))
    found = engine_results(engine, some)
    assert not engine.counters.limits
    for number, stream in enumerate(some):
        start_us = START_US + number * SHIFT_US
        expected = oracle_results(line, stream, start_us)
        text = " ".join(f"{letter.lower()}{place}@{second}" for place, (letter, second) in enumerate(stream))
        assert found[number] == expected, f"{line}\non {text}"
    return len(some)


@pytest.mark.parametrize("line", PATTERNS)
def test_all_short_streams(line: str) -> None:
    assert_agrees(line)
