"""Random rules over patterns of every form, and streams around what they wait for.

The simpler rules of :mod:`tests.properties.generate_rules` stay beside them: those look closely at what most rules are
made of. ``python -m tests.properties.generate_patterns`` tells how many pairs the checker accepts, how many the engine
runs, and how many match.
"""

from __future__ import annotations

import re
from collections import Counter

from hypothesis import assume
from hypothesis import strategies as st

from cep.errors import RuleError
from cep.timestamps import SECOND_US, format_time
from tests.oracle.rules import load
from tests.properties.generate_elements import Beat, Budget, Place, leading_silence, sequence
from tests.properties.generate_expressions import Written, conjunct, often, one_field, seconds, small
from tests.properties.generate_rules import TYPES, ZERO_US, Record, Scenario, make_odd, offset_us, oracle_events

MOST_STEPS = 6
MOST_EVENTS = 30

KEYS = ["", "", "k", "k", "k", "k", "k?", "k, j", "j?, k", "key = ({}.k, {}.j)", "key = ({}.j)?", "k, key = ({}.y)"]
"""Clauses ``per``; in the place of ``{}`` stands an event type that the rule reads."""


# ---- rules ----


@st.composite
def pattern_pairs(draw: st.DrawFn) -> Scenario:
    """A rule that the checker accepts, now and then with one that reads what it emits, and a stream."""
    used = draw(st.lists(st.sampled_from(TYPES), min_size=1, max_size=4, unique=True))
    budget = Budget(draw, used, left=draw(st.sampled_from([3, 2, 1, 2, 3, 4, 5, 6])))
    rules, witness = _rule(draw, budget)
    if often(draw, 8):
        rules += "\n" + _reader(draw)
    try:
        load(rules)
    except RuleError:
        assume(False)
    # What multiplies readings is for short streams: the oracle keeps each of them.
    longest = (MOST_EVENTS, 16, 10, 8, 6)[min(budget.forks, 4)]
    if budget.has_every:
        longest = min(longest, 8)
    return Scenario(rules, draw(streams_around(witness, used, longest)))


def _rule(draw: st.DrawFn, budget: Budget) -> tuple[str, list[Beat]]:
    place = Place(closing=True, leading=True)
    silence = f"{leading_silence(budget, place)} then " if often(draw, 4) else ""
    made = sequence(budget, place, most=min(budget.left, 4))
    steps = budget.steps
    lines = ["rule first", f"  when {silence}{made.text}"]
    if often(draw, 25):
        conjuncts = [conjunct(draw, steps) for _ in range(draw(st.sampled_from([1, 1, 1, 2])))]
        lines.append("  where " + " and ".join(conjuncts))
    within = made.needs_within or often(draw, 45)
    if within:
        lines.append(f"  within {budget.shortest_s + draw(seconds) + draw(st.sampled_from([0, 10, 30]))}s")
    keys = draw(st.sampled_from(KEYS))
    if "{}" in keys:
        read = [kind for kind in budget.types if kind in {step.type for step in steps}]
        keys = keys.format(*dict.fromkeys([*read, *read[:1]])) if len(read) >= keys.count("{}") else "k"
    if keys:
        lines.append(f"  per {keys}")
    if often(draw, 12):
        lines.append(f"  having {draw(st.sampled_from(_having(draw, steps)))}")
    if often(draw, 50):
        lines.append(f"  after match {_strategy(draw, steps)}")
    names = [name for name in ("k", "j", "key") if re.search(rf"(^|, ){name}\\b", keys)]
    lines.append(f"  emit Alert({', '.join(_fields(draw, names, steps))})")
    bounded = within or " within " in made.text or " between " in made.text
    if bounded and often(draw, 35):
        told = [f"{name} = {name}" for name in ("matched_steps", "missing_step", "deadline")]
        lines.append(f"  on timeout emit Late({', '.join([*told, *_fields(draw, names, steps)])})")
    if budget.has_every and often(draw, 40):
        lines.append("  limit 100_000")
    if often(draw, 8):
        lines.append(f"  at most {draw(st.integers(1, 2))} every {5 * draw(seconds)}s")
    return "\n".join(lines) + "\n", list(made.witness)


def _having(draw: st.DrawFn, steps: list[Written]) -> list[str]:
    step = draw(st.sampled_from(steps))
    return [
        "count() >= 2",
        "sum(x) > 1",
        "max(y) > min(x)",
        "first.x <= last.x",
        f"count({step.name}) >= 1" if step.is_loop else f"{step.name}.x >= 1",
        f"{one_field(draw, step)} is not null",
        f"count_distinct(x) > {draw(small)}",
    ]


def _strategy(draw: st.DrawFn, steps: list[Written]) -> str:
    name = draw(st.sampled_from(steps)).name
    return draw(
        st.sampled_from(
            ["skip past last event", "skip to next event", f"skip to first {name}", f"skip to last {name}", "no skip"]
        )
    )


def _fields(draw: st.DrawFn, keys: list[str], steps: list[Written]) -> list[str]:
    fields = list(keys)
    fields += [f"{key} = last.{key}" for key in ("k", "j") if key not in fields]
    fields.append(draw(st.sampled_from(["x = count()", "x = max(x)", "x = last.x", "x = first.x"])))
    fields.append(draw(st.sampled_from(["y = sum(x)", "y = min(y)", "y = count_distinct(x)"])))
    more = ["avg(x)", "distinct(y)", "first(x)", "last(y)", "sum(x where y > 0)", "count(x > 0)", "last.k", "first.y"]
    for step in steps:
        one = one_field(draw, step)
        more += [one, f"{one} ?? 9", f"count({step.name})", f"sum({step.name}.y)"]
        if step.is_loop:
            more += [f"{step.name}.x", f"{step.name}[1].x", f"{step.name}[-2].y"]
    chosen = draw(st.lists(st.sampled_from(more), max_size=4))
    return fields + [f"f{number} = {each}" for number, each in enumerate(chosen)]


def _reader(draw: st.DrawFn) -> str:
    pattern = draw(
        st.sampled_from(
            [
                "Alert as p then Alert as q",
                "Alert as p then every Alert as q",
                "A as p then immediately Alert as q",
                "Alert+ as p then no A for 4s",
                "Alert as p or Late as q",
                "Alert as p then optional Late as q then A as r",
            ]
        )
    )
    per = draw(st.sampled_from(["", "  per k\n", "  per k?\n"]))
    return f"rule second\n  when {pattern}\n{per}  emit Report(x = count(), k = last.k)\n"


# ---- streams ----


@st.composite
def streams_around(draw: st.DrawFn, witness: list[Beat], types: list[str], longest: int) -> list[Record]:
    """Events in the order of arrival: what a pattern waits for, once or twice, between others; or any events."""
    beats = [Beat(draw(st.sampled_from(types))) for _ in range(draw(st.integers(1, 8)))]
    if witness and often(draw, 85):
        beats = _mixed(draw, witness, types)
        for _ in range(draw(st.sampled_from([1, 0, 0, 2]))):
            beats += _mixed(draw, witness, types)
        beats += [Beat(draw(st.sampled_from(types))) for _ in range(draw(st.sampled_from([0, 1, 2, 5])))]
    beats = beats[:longest]
    steps = draw(st.sampled_from([(0, 1, 1, 2), (0, 0, 1), (1,), (0, 1), (0, 1, 4, 9)]))
    keys = draw(
        st.sampled_from([(1,), (1,), (1,), (1, 1, 1, 1, 2), (1, 2), ("a", "a", "a", "b"), (1, 1, 1, "1"), (1, 1.0)])
    )
    has_oddities = often(draw, 20)
    at_us = 0
    events: list[Record] = []
    for beat in beats:
        at_us += (draw(st.sampled_from(steps)) + beat.gap_s) * SECOND_US
        event: Record = {"type": beat.type}
        event["ts"] = format_time(ZERO_US + at_us + offset_us(draw, has_oddities))
        event["x"], event["y"] = draw(small), draw(small)
        event["k"] = draw(st.sampled_from(keys))
        event["j"] = draw(st.sampled_from(keys)) if often(draw, 20) else keys[0]
        if has_oddities:
            make_odd(draw, event)
        events.append(event)
    return events


def _mixed(draw: st.DrawFn, witness: list[Beat], types: list[str]) -> list[Beat]:
    """The witness, mostly whole, with other events between."""
    noise = draw(st.sampled_from([20, 0, 0, 40]))
    found: list[Beat] = []
    for beat in witness:
        while often(draw, noise):
            found.append(Beat(draw(st.sampled_from([*types, *TYPES[:1]]))))
        if not often(draw, 4):
            found.append(beat)
    return found


# ---- how much of it matches ----

WORDS = (
    "immediately", "every", "consecutive", "until", " or ", " and ", " of (", "optional", "?", "no ", " within",
    "after match", "where", "having", "per", "on timeout", "any(", "prev",
)  # fmt: skip


def measure(examples: int = 1_000) -> Counter[str]:
    """Of so many pairs: how many match by the oracle; the same by what the rule holds."""
    from hypothesis import HealthCheck, Phase, given, settings

    from tests.oracle.engine import run

    counts: Counter[str] = Counter()

    @settings(
        max_examples=examples,
        database=None,
        derandomize=True,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(pattern_pairs())
    def count(pair: Scenario) -> None:
        derived = run(load(pair.rules), oracle_events(pair), "flush").derived
        found = {"all": True, **{f"with {word.strip()}": word in pair.rules for word in WORDS}}
        counts["events"] += len(pair.events)
        for name, is_so in found.items():
            counts[name] += is_so
            counts[f"{name}, match"] += is_so and bool(derived)

    count()
    return counts


if __name__ == "__main__":
    for what, number in sorted(measure().items()):
        print(f"{number:6} {what}")
