"""Random rules, as text, and random streams: of the scope that the oracle defines.

Event types are A to D, with small fields ``x`` and ``y`` and keys ``k`` and ``j``; times lie on a small grid, so that
bounds are met exactly and events share their time. A stream holds mostly the types that its rules read, and conditions
are loose, so that many examples match: ``python -m tests.properties.generate_rules`` measures how many.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from hypothesis import strategies as st

from cep.timestamps import SECOND_US, format_time, parse_time
from tests.oracle.values import OracleEvent
from tests.properties.generate_expressions import (
    Written,
    bracketed,
    comparisons,
    conjunct,
    often,
    one_field,
    own_conditions,
    seconds,
    small,
    tie,
)

TYPES = ("A", "B", "C", "D")
ZERO_US = parse_time("2026-01-01T00:00:00Z")
MOST_EVENTS = 20

Record = dict[str, Any]


@dataclass(frozen=True)
class Scenario:
    """Rules and the stream they see, in the order of arrival.

    ``partitions`` tells for each event where it comes from, by default all from one.
    """

    rules: str
    events: list[Record]
    partitions: list[str] = field(default_factory=list)
    lateness_us: int = 0

    def __repr__(self) -> str:
        lines = "\n".join(f"    {event!r}," for event in self.events)
        about = f"partitions={self.partitions}, lateness_us={self.lateness_us}"
        return f"Scenario(rules='''\n{self.rules}''', events=[\n{lines}\n], {about})"

    def partition(self, index: int) -> str:
        """Where the event at this place comes from."""
        return self.partitions[index] if self.partitions else ""


def oracle_events(scenario: Scenario) -> list[OracleEvent]:
    """The stream as events of the oracle; position and id of each are its place in the stream, from 0."""
    return [
        OracleEvent(
            type=record["type"],
            time_us=parse_time(record["ts"]),
            fields={name: value for name, value in record.items() if name != "type"},
            id=str(position),
            order=("", scenario.partition(position), position),
        )
        for position, record in enumerate(scenario.events)
    ]


FURTHER_AGGREGATES = [
    "range(x)", "stddev(x)", "variance(y)", "median(x)", "percentile(y, 90)", "percentile(x, 12.5 where y < 2)", "nth(x, 1)",
    "nth(y, -2)", "collect(x)", "collect(x where y > 1)", "top(x, 2)", "top(x, 2, sum(y))", "top(j, 1, avg(x where y > 0))",
    "top(x, 3, count(y > 1))", "arg_max(x, y)", "arg_min(y, x where x > 0)", "rate()", "rate(x > 1)", "ewma(x, 3 seconds)",
    "ewma(y, 10ms where x < 3)", "zscore(x)", "slope(x)", "slope(y where x > 0)", "correlation(x, y)",
]  # fmt: skip
"""Beside those that the rules are made of."""

QUANTIFIERS = ["{}", "{}+", "some {}", "two {}", "2+ {}", "exactly 3 {}", "2 to 3 {}", "{}{{1,2}}", "3 or more {}"]


# ---- rules over patterns ----


@st.composite
def pattern_rules(draw: st.DrawFn, name: str = "first", emitted: str = "Alert", types: tuple[str, ...] = TYPES) -> str:
    """A rule over a pattern that reads ``types``."""
    # A few types, so that roles meet at one event.
    used = draw(st.lists(st.sampled_from(types), min_size=1, max_size=3, unique=True))
    keys = draw(st.sampled_from([[], ["k"], ["k"], ["k"], ["k", "j"], ["k?"]]))
    sequence = _silence(draw, used) if often(draw, 6) else _sequence(draw, used)
    steps = sequence.steps
    lines = [f"rule {name}", f"  when {' then '.join(sequence.parts)}"]
    if steps and often(draw, 40):
        conjuncts = [conjunct(draw, steps) for _ in range(draw(st.integers(1, 2)))]
        lines.append("  where " + " and ".join(conjuncts))
    if sequence.needs_within or (steps and often(draw, 60)):
        lines.append(f"  within {sequence.shortest_s + draw(seconds)}s")
    if keys:
        lines.append(f"  per {', '.join(keys)}")
    if steps and often(draw, 20):
        having = ["count() >= 2", "sum(x) > 1", "max(y) > min(x)", "first.x <= last.x", "avg(x) >= 1"]
        lines.append(f"  having {draw(st.sampled_from(having))}")
    lines += _emit(draw, emitted, keys, steps)
    return "\n".join(lines) + "\n"


@dataclass
class Sequence:
    """The parts of a sequence, the elements among them, and what its absences ask of ``within``."""

    parts: list[str] = field(default_factory=list)
    steps: list[Written] = field(default_factory=list)
    shortest_s: int = 0
    needs_within: bool = False


def _silence(draw: st.DrawFn, types: list[str]) -> Sequence:
    return Sequence([f"no {_event(draw, types)} for {draw(seconds)}s"])


def _sequence(draw: st.DrawFn, types: list[str]) -> Sequence:
    made = Sequence()
    for number in range(1, draw(st.sampled_from([1, 2, 2, 2, 3, 3, 4])) + 1):
        if made.steps and often(draw, 20):
            absence = _absence(draw, types, made.steps)
            if often(draw, 50):
                wait_s = draw(seconds)
                absence += f" for {wait_s}s"
                made.shortest_s += wait_s
            made.parts.append(absence)
        quantifier = draw(st.sampled_from(QUANTIFIERS)) if often(draw, 45) else "{}"
        own = Written(f"s{number}", draw(st.sampled_from(types)), quantifier != "{}")
        conditions = [draw(own_conditions())] if often(draw, 25) else []
        if often(draw, 30 if made.steps else 10):
            conditions.append(tie(draw, made.steps, own))
        event = own.type + (f"({' and '.join(map(bracketed, conditions))})" if conditions else "")
        made.parts.append(f"{quantifier.format(event)} as {own.name}")
        made.steps.append(own)
    if often(draw, 25):
        made.needs_within = often(draw, 33)
        wait = "" if made.needs_within else f" for {draw(seconds)}s"
        made.parts.append(_absence(draw, types, made.steps) + wait)
    return made


def _absence(draw: st.DrawFn, types: list[str], steps: list[Written]) -> str:
    event = draw(st.sampled_from(types))
    if often(draw, 20):
        event += f"({one_field(draw, draw(st.sampled_from(steps)))} {draw(comparisons)} x)"
    elif often(draw, 30):
        event += f"({draw(own_conditions())})"
    return f"no {event}"


def _event(draw: st.DrawFn, types: list[str]) -> str:
    event = draw(st.sampled_from(types))
    return f"{event}({draw(own_conditions())})" if often(draw, 40) else event


def _emit(draw: st.DrawFn, emitted: str, keys: list[str], steps: list[Written]) -> list[str]:
    fields = [key.rstrip("?") for key in keys]
    if not steps:
        fields += [f"{key} = 1" for key in ("k", "j", "x", "y") if key not in fields]
        return _written(draw, emitted, fields)
    fields += [f"{key} = last.{key}" for key in ("k", "j") if key not in fields]
    fields.append(draw(st.sampled_from(["x = count()", "x = max(x)", "x = last.x", "x = first.x"])))
    fields.append(draw(st.sampled_from(["y = sum(x)", "y = min(y)", "y = count_distinct(x)"])))
    more = ["avg(x)", "distinct(y)", "first(x)", "last(y)", "sum(x where y > 0)", "count(x > 0)"]
    for step in steps:
        one = one_field(draw, step)
        more += [one, f"{one} + 1", f"count({step.name})", f"sum({step.name}.y)"]
    chosen = draw(st.lists(st.sampled_from(more) | st.sampled_from(FURTHER_AGGREGATES), max_size=3))
    fields += [f"f{number} = {each}" for number, each in enumerate(chosen)]
    return _written(draw, emitted, fields)


def _written(draw: st.DrawFn, emitted: str, fields: list[str]) -> list[str]:
    lines = [f"  emit {emitted}({', '.join(fields)})"]
    if often(draw, 20):
        lines.append(f"  at most {draw(st.integers(1, 2))} every {5 * draw(seconds)}s")
    return lines


# ---- rules over windows ----


@st.composite
def window_rules(draw: st.DrawFn, name: str = "first", emitted: str = "Alert", types: tuple[str, ...] = TYPES) -> str:
    """A rule over windows that reads ``types``."""
    used = draw(st.lists(st.sampled_from(types), min_size=1, max_size=2, unique=True))
    events = [f"{each}({draw(own_conditions())})" if often(draw, 30) else each for each in used]
    keys = draw(st.sampled_from([[], ["k"], ["k"], ["k", "j"], ["k?"]]))
    lines = [f"rule {name}", f"  from {' or '.join(events)}"]
    if keys:
        lines.append(f"  per {', '.join(keys)}")
    window = draw(windows(types)) if often(draw, 75) else Window(f"last {draw(seconds)}s")
    lines += [] if window.text is None else [f"  over {window.text}"]
    if often(draw, 15):
        lines.append(f"  where {draw(st.sampled_from(['x != prev.x', 'prev.x is null or y > 0', 'x + y > 0']))}")
    if often(draw, 90):
        conditions = [_window_condition(draw, window) for _ in range(draw(st.sampled_from([1, 1, 2])))]
        joined = draw(st.sampled_from([" and ", " or "])).join(conditions)
        lines.append(f"  when {joined}{firing(draw, window)}")
    if often(draw, 15):
        lines.append(f"  having {_plain_condition(draw, window)}")
    fields = list(dict.fromkeys([*(key.rstrip("?") for key in keys), "k", "j"]))
    own = draw(own_windows(types))
    more = ["x", "y", "prev.x", f"sum(x over {own})", f"count(x > 0 over {own})", f"first(y over {own})"]
    if window.text is None:
        fields += [f"x = count(true over {own})", f"y = sum(x over {own})"]
    else:
        fields += ["x = count()", "y = sum(x)"]
        more += ["avg(x)", "min(x)", "max(y)", "distinct(x)", "first(x)", "last(y)", "count_distinct(j)"]
        more += ["window.start", "window.end", "first.x", "last.y", "w[0].x", "w[-2].y", "first(w).y"]
        lines[1] += " as w"
    further = st.sampled_from(FURTHER_AGGREGATES) if window.text is not None else st.nothing()
    chosen = draw(st.lists(st.sampled_from(more) | further, max_size=3))
    fields += [f"f{number} = {each}" for number, each in enumerate(chosen)]
    lines += _written(draw, emitted, fields)
    return "\n".join(lines) + "\n"


@dataclass(frozen=True)
class Window:
    """A window as text; null for a rule without ``over``."""

    text: str | None
    closes: bool = False


@st.composite
def windows(draw: st.DrawFn, types: tuple[str, ...]) -> Window:
    """A window of any form."""
    n = draw(st.integers(1, 4))
    length, other = draw(seconds), draw(seconds)
    partial = " partial" if often(draw, 50) else ""
    longest = f" up to {max(length, other)}s" if often(draw, 50) else ""
    return draw(
        st.sampled_from(
            [
                Window(f"last {n} events{partial}"),
                Window(f"last {n} events within {length}s{partial}"),
                Window("all"),
                Window(f"since {_event(draw, list(types))}"),
                Window(None),
                Window(f"every {length}s", closes=True),
                Window(f"{length}s every {other}s", closes=True),
                Window(f"{length + 4}s every {n}s", closes=True),
                Window(f"every {n} events", closes=True),
                Window(f"session of {length}s{longest}", closes=True),
                Window(f'each {draw(st.sampled_from(["hour", "day"]))} in "Europe/Berlin"', closes=True),
            ]
        )
    )


@st.composite
def own_windows(draw: st.DrawFn, types: tuple[str, ...]) -> str:
    """A window that an aggregate has of its own: any that does not overlap itself."""
    window = draw(windows(types).filter(lambda each: each.text is not None and "s every" not in each.text))
    assert window.text is not None
    return draw(st.sampled_from([window.text, f"last {draw(seconds)}s"]))


def firing(draw: st.DrawFn, window: Window) -> str:
    """When a true evaluation fires, as it is written behind ``when``."""
    others = [] if window.closes else ["every 2", "every 3", f"while true every {draw(seconds)}s"]
    return f" {draw(st.sampled_from(['every time', *others]))}" if often(draw, 40) else ""


def _window_condition(draw: st.DrawFn, window: Window) -> str:
    """A condition of ``when``."""
    if not often(draw, 15):
        return _plain_condition(draw, window)
    crosses = draw(st.sampled_from(["crosses above", "crosses below"]))
    left, right = draw(st.sampled_from(["x", "12 / x"])), draw(st.sampled_from([str(draw(small)), "y"]))
    if window.text is not None and often(draw, 60):
        left, right = draw(st.sampled_from([("avg(x)", "1"), ("sum(x)", right), ("x", "avg(x)"), ("max(y)", "min(x)")]))
    return f"{left} {crosses} {right}" if often(draw, 80) else f"not {left} {crosses} {right}"


def _plain_condition(draw: st.DrawFn, window: Window) -> str:
    n = draw(small)
    if window.text is None or often(draw, 15):
        own = f"last {n + 1} events" + (" partial" if often(draw, 50) else "")
        return draw(
            st.sampled_from([f"x >= {n}", "x > prev.x", "prev.y != y", f"sum(x over {own}) > {n}", f"12 / x >= {n}"])
        )
    return draw(
        st.sampled_from(
            [
                f"count() >= {n}",
                f"count() < {n + 1}",
                f"sum(x) > {n}",
                f"sum(x where y > 0) >= {n}",
                f"avg(x) >= {n}",
                f"max(x) > {n}",
                "max(x) > min(x)",
                f"min(y) <= {n}",
                f"count_distinct(x) >= {n}",
                f"count(x > 1) >= {n}",
                "x > avg(x)",
                "x >= max(x)",
                "first(x) < last(x)",
                f"{n} in distinct(y)",
                f"12 / sum(x) > {n}",
                f"percentile(x, 75) >= {n}",
                "x > median(x)",
                f"stddev(x) < {n}",
                "rate(x > 0) > 0.2",
                "ewma(x, 4s) > 1",
                "slope(x) > 0",
                "arg_max(y, x) == y",
            ]
        )
    )


# ---- rule sets ----


@st.composite
def rule_sets(draw: st.DrawFn) -> str:
    """One rule, two that know nothing of each other, or a chain of two."""
    kind = draw(st.sampled_from(["one", "one", "one", "two", "chain", "chain"]))
    first = draw(st.one_of(pattern_rules(), pattern_rules(), pattern_rules(), window_rules()))
    if kind == "one":
        return first
    types = ("Alert", "Alert", *TYPES) if kind == "chain" else TYPES
    make = draw(st.sampled_from([pattern_rules, pattern_rules, window_rules]))
    second = draw(make(name="second", emitted="Report", types=types))
    # A rule may stand before the rule whose events it reads.
    ordered = [second, first] if often(draw, 30) else [first, second]
    return "\n".join(ordered)


# ---- streams ----


@st.composite
def streams(draw: st.DrawFn, types: list[str]) -> list[Record]:
    """Events in the order of arrival: nearly always in the order of time."""
    has_oddities = often(draw, 25)
    steps = draw(st.sampled_from([(0, 1, 1, 2), (0, 0, 1), (1, 2, 3, 5), (0, 1, 4, 9)]))
    keys = draw(st.sampled_from([(1,), (1, 2), ("a", "b"), (1, 1, 1, "1")]))
    at_us = 0
    events: list[Record] = []
    for _ in range(draw(st.integers(1, MOST_EVENTS))):
        at_us += draw(st.sampled_from(steps)) * SECOND_US
        event: Record = {"type": draw(st.sampled_from(types))}
        event["ts"] = format_time(ZERO_US + at_us + offset_us(draw, has_oddities))
        event["x"] = draw(small)
        event["y"] = draw(small)
        event["k"] = draw(st.sampled_from(keys))
        event["j"] = draw(st.integers(1, 2)) if often(draw, 20) else 1
        if has_oddities:
            make_odd(draw, event)
        events.append(event)
    return events


def offset_us(draw: st.DrawFn, has_oddities: bool) -> int:
    """One microsecond before or after the grid, and now and then so far back that the event is late."""
    if not has_oddities or not often(draw, 15):
        return 0
    return draw(st.sampled_from([1, -1, 1, -1, -3 * SECOND_US]))


def make_odd(draw: st.DrawFn, event: Record) -> None:
    if often(draw, 70):
        return
    name = draw(st.sampled_from(["x", "x", "y", "k", "j"]))
    oddity = draw(st.sampled_from(["null", "missing", "float", "text", "bool"]))
    match oddity:
        case "null":
            event[name] = None
        case "missing":
            del event[name]
        case "float" if name in "xy":
            event[name] = draw(st.sampled_from([0.5, 1.0, 2.5]))
        case "text" if name in "xy":
            event[name] = draw(st.sampled_from(["", "1", "b"]))
        case "bool":
            event[name] = True


@st.composite
def window_sets(draw: st.DrawFn) -> str:
    """A rule over windows, or two of which the second may read what the first emits."""
    first = draw(window_rules())
    if often(draw, 60):
        return first
    make = draw(st.sampled_from([pattern_rules, window_rules]))
    second = draw(make(name="second", emitted="Report", types=("Alert", "Alert", *TYPES)))
    ordered = [second, first] if often(draw, 30) else [first, second]
    return "\n".join(ordered)


@st.composite
def scenarios(draw: st.DrawFn, sets: st.SearchStrategy[str] | None = None) -> Scenario:
    """Rules, and a stream of mostly the types that they read."""
    rules = draw(sets if sets is not None else rule_sets())
    read = [name for name in TYPES if _reads(rules, name)]
    types = read * 3 + list(TYPES)[: 1 + len(read)] if read else list(TYPES)
    return Scenario(rules, draw(streams(types)))


def either() -> st.SearchStrategy[Scenario]:
    """Scenarios of all rules, more of them over windows."""
    return scenarios(st.one_of(rule_sets(), window_sets()))


@st.composite
def scattered(draw: st.DrawFn, ordered: st.SearchStrategy[Scenario]) -> Scenario:
    """The same out of order: each event arrives up to four seconds after its time, over one to three partitions."""
    made = draw(ordered)
    delayed = sorted(
        (parse_time(event["ts"]) + draw(st.integers(0, 4)) * SECOND_US, index)
        for index, event in enumerate(made.events)
    )
    names = draw(st.sampled_from([["p"], ["p", "q"], ["r", "q", "p"]]))
    return Scenario(
        made.rules,
        [made.events[index] for _, index in delayed],
        [draw(st.sampled_from(names)) for _ in delayed],
        draw(st.integers(0, 4)) * SECOND_US,
    )


def scattered_scenarios(sets: st.SearchStrategy[str] | None = None) -> st.SearchStrategy[Scenario]:
    """:func:`scenarios`, out of order."""
    return scattered(scenarios(sets))


def _reads(rules: str, name: str) -> bool:
    words = rules.replace("(", " ").replace("{", " ").replace("+", " ").split()
    return name in words


# ---- how much of it matches ----


def measure(examples: int = 1_000) -> Counter[str]:
    """Of so many scenarios: how many derive something, hold pending matches, use what."""
    from hypothesis import HealthCheck, Phase, given, settings

    from tests.oracle.engine import run
    from tests.oracle.rules import load

    counts: Counter[str] = Counter()

    @settings(
        max_examples=examples,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(scenarios())
    def count(scenario: Scenario) -> None:
        result = run(load(scenario.rules), oracle_events(scenario), end="flush")
        counts["scenarios"] += 1
        counts["derive"] += bool(result.derived)
        counts["derive from a chain"] += any(each.type == "Report" for each in result.derived)
        counts["hold back"] += bool(result.held_back)
        counts["fail somewhere"] += bool(result.failed)
        counts["have late events"] += bool(result.late)
        for word in (" no ", "where", "having", "over last", "at most", "within", "per k"):
            if word in scenario.rules:
                counts[f"with {word.strip()}"] += 1
                counts[f"with {word.strip()}, derive"] += bool(result.derived)

    count()
    return counts


if __name__ == "__main__":
    for what, number in sorted(measure().items()):
        print(f"{number:6} {what}")
