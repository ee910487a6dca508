"""Random rules over hopping and tumbling windows with sums, over the events of the shared windows, one or two of them."""

from __future__ import annotations

from hypothesis import strategies as st

from tests.properties.generate_expressions import often
from tests.properties.generate_rules import Scenario
from tests.properties.generate_shared_windows import PLAIN, SCHEMA, streams

CONDITIONS = [
    "sum(x) > {c}", "sum(x) <= {c}", "count() >= {n}", "count() == {n}", "avg(x) > {c}", "avg(y) >= {n}", "sum(y) < {n}",
    "max(x) > {c}", "min(z) <= {c}", "x > avg(x)", "12 / y > {n}", "sum(z) > {c}", "first(x) < last(x)", "last.x > {c}",
    "sum(n) > {n}", "count(x > 1) >= {n}", "window.end > time(w)", "12 / sum(y) > 1", "sum(x where y > 1) > {c}",
]  # fmt: skip
FIELDS = [
    "sum(x)", "count()", "avg(x)", "sum(y)", "avg(y)", "sum(z)", "avg(z)", "max(x)", "min(y)", "sum(n)", "avg(n)",
    "first(z)", "last(n)", "window.start", "window.end", "x", "12 / y", "count(y > 1)", "min(n)", "last.x",
]  # fmt: skip
FOLLOWING = "rule follower\n  from R0 as w\n  per k\n  over {window}\n  emit Report(k, n = count())\n"


@st.composite
def paned_windows(draw: st.DrawFn) -> Scenario:
    """A rule, perhaps one that reads what it derives, and a stream."""
    plain = often(draw, 50)
    step = draw(st.integers(1, 4))
    window = f"{step * draw(st.integers(1, 4))}s every {step}s"
    if often(draw, 20):
        window = f"every {step}s"
    keys = draw(st.sampled_from(["  per k\n", "  per k\n", "", "  per k, y?\n"]))
    lines = f"rule r0\n  from A as w\n{keys}  over {window}\n"
    if often(draw, 70):
        conditions = [_condition(draw) for _ in range(draw(st.sampled_from([1, 1, 2])))]
        lines += f"  when {draw(st.sampled_from([' and ', ' or '])).join(conditions)}\n"
    if often(draw, 15):
        lines += f"  having {_condition(draw)}\n"
    fields = draw(st.lists(st.sampled_from(FIELDS), max_size=3))
    shown = ["k = last.k", *(f"f{place} = {each}" for place, each in enumerate(fields))]
    rules = [SCHEMA, lines + f"  emit R0({', '.join(shown)})\n"]
    if often(draw, 30):
        rules.append(FOLLOWING.format(window=draw(st.sampled_from(["last 5s", "4s every 2s", "every 2 events"]))))
    return Scenario("\n".join(rules), draw(streams(plain)))


def _condition(draw: st.DrawFn) -> str:
    return draw(st.sampled_from(CONDITIONS)).format(c=draw(st.sampled_from(PLAIN)), n=draw(st.integers(0, 4)))
