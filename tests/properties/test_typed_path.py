"""The fast way in (a struct per type, one generated loop) gives what the general way gives, on records good and bad.

Random files of plain, odd and broken records are read in small blocks by an engine with specialised paths and by one
without: the same derived events, late events, dead letters and counts.
"""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import given, note
from hypothesis import strategies as st

from cep.connectors import open_source
from cep.engine import Engine
from cep.language.rule_files import load_rules
from cep.plan.planner import plan_rules
from cep.runtime.feed import Options
from cep.runtime.limits import Limits

RULES = """
event Login { user: string, outcome: string in ["success", "failure"], ip: ip?, tries: int?, at: timestamp } time at
event Order { id: string, total: float, placed: timestamp? } time placed id id

rule guesses when two Login(outcome == "failure") within 10 seconds per user
  emit Guesses(user, n = count(), tries = sum(tries), since = first.at)
rule unpaid when Order(total > 5) as o then no Paid for 5 seconds per id emit Unpaid(id, total = o.total, at = time(o))
rule spent from Order per id over last 10 seconds when sum(total) / count() > 4 emit Spent(id, total = sum(total))
rule free when Note(text like "a*") emit Remark(text, length = length(text))
rule again when Guesses(n >= 2) emit Again(user)
"""
ARRIVAL_US = 1_767_225_600_000_000 + 12_000_000

times = st.one_of(
    st.integers(0, 15).map(lambda s: f'"2026-01-01T00:00:{s:02}Z"'),
    st.integers(0, 15).map(lambda s: f'"2026-01-01T01:00:{s:02}.250+01:00"'),
    st.integers(0, 15).map(lambda s: str(1_767_225_600 + s)),
    st.sampled_from(
        [
            '"2026-01-01T00:00:03"', '"2026-01-01T00:00:07.1234565Z"', '"20260101T000004Z"', '"2026-01-01 00:00:05Z"',
            '"2026-02-30T00:00:00Z"', '"yesterday"', "null", "1767225604.5", "[]", '"2027-01-01T00:00:00Z"', "true",
        ]
    ),
)  # fmt: skip
texts = st.sampled_from(['"10.0.0.1"', '"a"', '"ab"', '"b"', "null", "1", "true", "[]", '"é"'])
numbers = st.sampled_from(["1", "0", "6", "6.5", "-0.0", "null", '"6"', "true", "9223372036854775808", "1e400", "1e3"])


def _record(kind: str, *fields: tuple[str, Any]) -> st.SearchStrategy[str]:
    drawn = [st.one_of(value.map(lambda v, n=name: f'"{n}":{v}'), st.just("")) for name, value in fields]
    usual = [value.map(lambda v, n=name: f'"{n}":{v}') for name, value in fields]
    bodies = st.one_of(st.tuples(*usual), st.tuples(*drawn))
    return bodies.map(lambda parts: "{" + ",".join([f'"type":"{kind}"', *(part for part in parts if part)]) + "}")


usual_times = st.integers(0, 15).map(lambda s: f'"2026-01-01T00:00:{s:02}Z"')
users = st.sampled_from(['"ann"', '"bob"'])
outcomes = st.sampled_from(['"failure"', '"success"'])
good = st.one_of(
    _record("Login", ("at", usual_times), ("user", users), ("outcome", outcomes), ("tries", st.just("2"))),
    _record("Order", ("placed", usual_times), ("id", users), ("total", st.just("6.5"))),
    _record("Paid", ("ts", usual_times), ("id", users)),
    _record("Note", ("time", usual_times), ("text", texts)),
    _record("Unread", ("time", usual_times), ("x", numbers)),
)
odd = st.one_of(
    _record("Login", ("at", times), ("user", texts), ("outcome", texts), ("ip", texts), ("tries", numbers)),
    _record("Order", ("placed", times), ("time", times), ("id", texts), ("total", numbers)),
    _record("Note", ("ts", times), ("timestamp", times), ("text", texts), ("cep", st.just('{"id":"c1.x"}'))),
    _record("Guesses", ("time", usual_times), ("user", users), ("n", numbers), ("cep", st.just('{"id":"c1.y"}'))),
    _record("Login", ("at", usual_times), ("user", users), ("outcome", outcomes), ("user", users), ("tries", numbers)),
    _record("Order", ("placed", usual_times), ("id", users), ("x", numbers), ("total", numbers), ("x", texts)),
    _record("Unread", ("time", usual_times), ("x", texts), (r"\u0078", texts), ("type", st.just('"Unread"'))),
    _record(
        "Note", ("time", usual_times), ("text", texts), ("o", st.sampled_from(['{"a":"b"}', '["\\\\","\\""]', "1"]))
    ),
    st.sampled_from(["", "{", "[]", '{"type":5}', '{"event":"Paid","id":"ann","ts":1767225605}', "null", "{}{}"]),
)

marks = st.sampled_from(['"Firefox, \\"new\\": {1}"', '"C:\\\\"', '"é: x"'])
wide = _record("Login", ("at", usual_times), ("user", users), ("agent", marks), ("outcome", outcomes), ("n", numbers))


def results(
    lines: list[str], options: Options, chunk_bytes: int, rules: str = RULES, stop_after: int | None = None
) -> Any:
    """What comes out; with ``stop_after`` so many batches another engine goes on from a snapshot."""
    plan, diagnostics = plan_rules(load_rules(rules))
    assert plan is not None, diagnostics
    derived, late, dead = [], [], []
    with TemporaryDirectory() as folder:
        path = Path(folder) / "events.jsonl"
        path.write_text("".join(line + "\n" for line in lines), encoding="utf-8")

        def take(engine: Engine, first: int, last: int | None) -> None:
            [partition] = open_source(path, chunk_bytes=chunk_bytes, clock=lambda: ARRIVAL_US).partitions(
                engine.projection
            )
            number = 0
            while number != last and (batch := partition.next_batch()) is not None:
                if number >= first:
                    derived.extend(engine.push_batch(batch))
                number += 1
            partition.close()

        engine = Engine(plan, options)
        take(engine, 0, stop_after)
        if stop_after is not None:
            late, dead = engine.take_late(), engine.take_dead_letters()
            snapshot = engine.snapshot()
            engine = Engine(plan, options)
            engine.restore(snapshot)
            take(engine, stop_after, None)
    derived += [*engine.finish(), *engine.flush()]
    letters = sorted(str(letter.to_dict()) for letter in [*dead, *engine.take_dead_letters()])
    return (
        [d.to_json() for d in derived],
        [e.to_dict() for e in [*late, *engine.take_late()]],
        letters,
        engine.counters.snapshot(),
    )


@given(
    st.lists(st.one_of(good, good, good, odd, wide), max_size=30),
    st.sampled_from([64, 300, 5_000]),
    st.sampled_from([None, 0, 5_000_000]),
)
def test_the_fast_way_in_equals_the_general_way(lines: list[str], chunk_bytes: int, max_skew_us: int | None) -> None:
    note("\n".join(lines))
    fast = results(lines, Options(max_skew_us=max_skew_us), chunk_bytes)
    assert fast == results(lines, Options(max_skew_us=max_skew_us, specialised=False), 5_000)


ONE_TYPE = """
event Login { user: string?, outcome: string, tries: int?, at: timestamp } time at
rule guesses when two Login(outcome == "failure") within 4 seconds per user
  emit Guesses(user, n = count(), tries = sum(tries))
rule many when Login(100 / tries > 20) as l emit Many(user, tries = l.tries)
"""
few_times = st.sampled_from(['"2026-01-01T00:00:09Z"', '"2026-01-01T00:00:04"', "1767225609", "null"])
logins = st.lists(
    st.one_of(
        _record(
            "Login",
            ("at", st.one_of(usual_times, usual_times, usual_times, few_times)),
            ("user", users),
            ("outcome", outcomes),
            ("tries", st.sampled_from(["1", "4", "9", "0", "null"])),
            ("x", st.sampled_from(["1", "1", '"a"'])),
        )
    ),
    max_size=30,
)


@given(logins, st.booleans(), st.sampled_from([200, 1_000, 5_000]))
def test_batches_of_one_type_in_order_or_not(lines: list[str], in_order: bool, chunk_bytes: int) -> None:
    if in_order:
        lines.sort(key=lambda line: line.partition('"at":')[2][:24])
    fast = results(lines, Options(), chunk_bytes, ONE_TYPE)
    assert fast == results(lines, Options(specialised=False), 5_000, ONE_TYPE)


INLINED = """
event Login { user: any?, outcome: string, tries: int?, ip: string, nr: string?, at: timestamp } time at id nr
event Order { user: string, total: float, placed: timestamp } time placed
rule guesses when two Login(outcome == "failure") within 4 seconds per user
  emit Guesses(user, n = count(), tries = sum(tries), since = first.at, last = last.at)
rule many when three Login(tries > 3) per ip, outcome emit Many(ip, outcome, n = count(), from = first.at)
rule each when Login(outcome == "failure" and tries == 9) within 1 minute emit Each(user, ip)
rule orders when three Order(total > 2) within 6 seconds per user
  emit Orders(user, n = count(), last = last.placed) at most 1 every 5 seconds
rule both when Orders as o then Guesses as g within 10 seconds per user emit Both(user, ip = o.last)
"""
both_kinds = st.one_of(
    _record(
        "Login",
        ("at", usual_times),
        ("user", st.sampled_from(['"ann"', '"bob"', '"ann"', "7", "7.0", "true", "null", "[]"])),
        ("outcome", outcomes),
        ("tries", st.sampled_from(["1", "4", "9"])),
        ("ip", st.sampled_from(['"a"', '"b"'])),
        ("nr", st.sampled_from(['"n1"', '"n2"', "null"])),
        ("x", st.just('"unread"')),
    ),
    _record("Order", ("placed", usual_times), ("user", users), ("total", st.sampled_from(["1", "3.5"]))),
)
only_logins = both_kinds.filter(lambda line: "Login" in line)


@given(
    st.one_of(st.lists(both_kinds, max_size=40), st.lists(only_logins, max_size=40)),
    st.booleans(),
    st.sampled_from([300, 1_000, 5_000]),
    st.integers(0, 4),
    st.sampled_from([None, 3]),
)
def test_operators_within_the_loop(
    lines: list[str], in_order: bool, chunk_bytes: int, stop_after: int, keys: int | None
) -> None:
    if in_order:
        lines.sort(key=lambda line: line.partition('":"2026')[2][:24])
    limits = Limits() if keys is None else Limits(keys=keys)
    note("\n".join(lines))
    fast = results(lines, Options(limits=limits), chunk_bytes, INLINED)
    if keys is None:
        assert fast == results(lines, Options(limits=limits, specialised=False), 5_000, INLINED)
    assert fast == results(lines, Options(limits=limits), chunk_bytes, INLINED, stop_after)


TAKEOVER = """
event Login { user: string, outcome: string, at: timestamp } time at
rule takeover
  when 2+ Login(outcome == "failure") as fails then Login(outcome == "success") as ok
  within 6 seconds per user
  emit Takeover(user, n = count(fails), since = fails[0].at, until = last(fails).at, ok = ok.at)
"""
days = st.integers(0, 9).map(lambda n: f'"2026-01-{1 + n // 2:02}T00:00:{n:02}.25Z"')
attempts = st.lists(
    _record(
        "Login",
        ("at", st.one_of(usual_times, usual_times, days)),
        ("user", users),
        ("outcome", st.sampled_from(['"failure"', '"failure"', '"success"', '"other"'])),
        ("x", st.just('"unread"')),
    ),
    max_size=40,
)


@given(attempts, st.booleans(), st.sampled_from([300, 1_000, 5_000]), st.integers(0, 4), st.sampled_from([1_000, 3]))
def test_a_loop_and_a_step_within_the_loop(
    lines: list[str], in_order: bool, chunk_bytes: int, stop_after: int, runs: int
) -> None:
    if in_order:
        lines.sort(key=lambda line: line.partition('":"2026')[2][:24])
    note("\n".join(lines))
    limits = Limits(runs_per_key=runs)
    fast = results(lines, Options(limits=limits), chunk_bytes, TAKEOVER)
    assert fast == results(lines, Options(limits=limits, specialised=False), 5_000, TAKEOVER)
    assert fast == results(lines, Options(limits=limits), chunk_bytes, TAKEOVER, stop_after)


def test_an_event_that_is_held_keeps_its_type_when_records_get_more_keys() -> None:
    rules = """
    event A { k: string, ip: string, at: timestamp } time at
    rule r when A as a then no B for 5s per k emit X(k, ip = a.ip) at most 1 every 1 minute per ip
    """
    record = '{"type":"A","at":"2026-01-01T00:00:%02dZ","k":"%s","ip":"%s"%s}'
    shapes = [(0, "u", "1", ""), (1, "v", "1", ""), (2, "w", "2", ""), (3, "x", "3", ',"new":"z"'), (20, "y", "4", "")]
    lines = [record % shape for shape in shapes]
    whole = results(lines, Options(), 64, rules)
    assert [b'"ip":"%d"' % n in line for n, line in enumerate(whole[0], 1)] == [True] * 4
    assert whole == results(lines, Options(specialised=False), 5_000, rules)
    assert whole == results(lines, Options(), 64, rules, stop_after=4)


TEXTS = """
event Login { user: string, outcome: string, tries: int?, at: timestamp } time at
event Order { user: string, outcome: string, total: float, placed: timestamp } time placed
rule a when Login(outcome == "failure" and tries > 3) as l emit A(user = l.user)
rule b when Login(outcome == "failure" and 100 / tries > 20) as l emit B(user = l.user)
rule c when Login(100 / tries > 20 and outcome == "success") as l emit C(user = l.user)
rule d when Login(tries == 9 and outcome == "success" and user == "ann") as l emit D(tries = l.tries)
rule e when Login(user == "bob" or outcome == "failure") as l emit E(user = l.user)
rule f when Order(outcome == "failure") as o emit F(user = o.user)
rule g when Order(user == "ann" and outcome == "success" and total > 2) as o emit G(total = o.total)
rule h when Order(total > 2 and user == "ann") as o emit H(total = o.total)
"""
told_by_text = st.one_of(
    _record(
        "Login",
        ("at", usual_times),
        ("user", users),
        ("outcome", outcomes),
        ("tries", st.sampled_from(["1", "4", "9", "0", "null"])),
    ),
    _record("Order", ("placed", usual_times), ("user", texts), ("outcome", outcomes), ("total", numbers)),
)


@given(st.lists(told_by_text, max_size=30), st.sampled_from([300, 5_000]))
def test_conditions_that_are_told_by_a_text(lines: list[str], chunk_bytes: int) -> None:
    fast = results(lines, Options(), chunk_bytes, TEXTS)
    assert fast == results(lines, Options(specialised=False), 5_000, TEXTS)
