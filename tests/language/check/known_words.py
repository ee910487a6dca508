"""Rule files of words that mean something: half of what is drawn here checks, the rest fails late."""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

PREAMBLE = """
event Login { user: string, outcome: string in ["success", "failure"], ip: ip?, n: int, lat: float, lon: float,
              tags: list<string>, geo: map, took: duration, at: timestamp } time at
event Payment { card: string, user: string, amount: decimal, at: timestamp } time at
define failed login as Login(outcome == "failure")
define big payment(limit, least = 1) as Payment(amount > limit and amount > least)
define trouble as failed login or big payment(100)
let grace = 10 minutes
let names = ["ann", "bob"]
let most = 3
table hosts from "hosts.csv" key host
rule alarm when failed login as f emit Alarm(f.user, n = f.n, tags = f.tags)
"""

EVENTS = (
    "Login", "Payment", "failed logins", "big payment(5)", "trouble", "Alarm", "Odd", "Logn", "faild login", "any()",
    "big payment", "failed_login",
)  # fmt: skip
NAMES = ("a", "b", "c", "user", "n", "hosts", "first", "last", "prev", "this", "window", "Login", "failed_login")
FIELDS = ("user", "outcome", "ip", "n", "amount", "at", "tags", "geo", "took", "card", "start", "odd")
FUNCTIONS = (
    "count", "sum", "avg", "first", "last", "distinct", "top", "percentile", "lower", "length", "time", "any", "map",
    "speed_kmh", "cidr", "round", "timestamp", "nosuch", "max", "nth", "ewma",
)  # fmt: skip
OPERATORS = (
    "+", "-", "*", "/", "%", "**", "==", "!=", "<", ">=", "and", "or", "??", "in", "not in", "like", "matches",
    "crosses above",
)  # fmt: skip
LITERALS = (
    '"failure"',
    "5",
    "2.5",
    "0",
    "true",
    "null",
    "5 minutes",
    "[1, 2]",
    '["a"]',
    "/a(b|c)/",
    "grace",
    "names",
    "most",
)
WINDOWS = (
    "last 10 minutes", "last 5 events", "every 5 minutes", "grace every 1 minute", "session of 5 minutes", "all",
    "each day", "since Payment", "every 3 events",
)  # fmt: skip


@st.composite
def expressions(draw: DrawFn, depth: int = 3) -> str:
    """The text of an expression."""
    kind = draw(st.integers(0, 9 if depth else 2))
    if kind == 0:
        return draw(st.sampled_from(LITERALS))
    if kind == 1:
        return draw(st.sampled_from(FIELDS + NAMES))
    if kind == 2:
        return f"{draw(st.sampled_from(NAMES))}.{draw(st.sampled_from(FIELDS))}"
    inner = expressions(depth - 1)
    if kind in (3, 4, 5):
        return f"({draw(inner)} {draw(st.sampled_from(OPERATORS))} {draw(inner)})"
    if kind == 6:
        return f"{draw(st.sampled_from(FUNCTIONS))}({', '.join(draw(st.lists(_argument(depth - 1), max_size=3)))})"
    if kind == 7:
        where = draw(st.sampled_from(NAMES))
        return f"{where}[{draw(inner)}].{draw(st.sampled_from(FIELDS))}"
    if kind == 8:
        edge = draw(st.sampled_from(("first", "last")))
        return f"{edge}({draw(st.sampled_from(NAMES))}).{draw(st.sampled_from(FIELDS))}"
    return draw(
        st.sampled_from(
            (
                f"not {draw(inner)}",
                f"-{draw(inner)}",
                f"({draw(inner)} between {draw(inner)} and {draw(inner)})",
                f"({draw(inner)} is missing)",
                f"(if {draw(inner)} then {draw(inner)} else {draw(inner)})",
            )
        )
    )


@st.composite
def _argument(draw: DrawFn, depth: int) -> str:
    text = draw(expressions(max(depth, 0)))
    return draw(
        st.sampled_from(
            (text, text, text, f"x -> {text}", f"{text} where {text}", f"{text} over {draw(st.sampled_from(WINDOWS))}")
        )
    )


@st.composite
def patterns(draw: DrawFn, depth: int = 2) -> str:
    """The text of a pattern."""
    kind = draw(st.integers(0, 9 if depth else 1))
    if kind <= 1:
        event = draw(st.sampled_from(EVENTS))
        condition = f"({draw(expressions(2))})" if kind and not event.startswith("any") else ""
        name = draw(st.sampled_from(("", "", " as a", " as b", " as c")))
        return f"{event}{condition}{name}"
    inner = patterns(depth - 1)
    if kind in (2, 3, 4):
        link = draw(
            st.sampled_from(("then", "then", "then immediately", "then every", "then no", "then after 1 minute"))
        )
        return f"({draw(inner)}) {link} ({draw(inner)})"
    if kind == 5:
        count = draw(st.sampled_from(("three", "2+", "some", "optional", "two consecutive", "three every", "up to 3")))
        return f"{count} ({draw(inner)})"
    if kind == 6:
        return f"({draw(inner)}) {draw(st.sampled_from(('and', 'or')))} ({draw(inner)})"
    if kind == 7:
        return f"no ({draw(inner)}) for {draw(st.sampled_from(('5 minutes', 'grace', 'most', '(grace * 2)')))}"
    if kind == 8:
        return f"(({draw(inner)}) until ({draw(inner)}))"
    return f"({draw(inner)} within {draw(st.sampled_from(('5 minutes', '1 hour', 'grace')))})"


CLAUSES = (
    "within 5 minutes", "within grace", "per user", "per n", "per card = (Payment.card, Login.user)", "limit 5",
    "after match skip to last a", "after match no skip", "at most 1 every grace", "severity hgh", "disabled",
    "on timeout emit Late(missing_step, deadline)", "meta x = most",
)  # fmt: skip


@st.composite
def rules(draw: DrawFn) -> str:
    """The text of a rule over a pattern or over windows."""
    clauses = draw(st.lists(st.sampled_from(CLAUSES), max_size=4, unique_by=lambda c: c.split()[0]))
    fields = ", ".join(f"f{i} = {text}" for i, text in enumerate(draw(st.lists(expressions(2), max_size=2))))
    tail = [*clauses, f"having {draw(expressions(2))}", f"emit Found({fields})"]
    if draw(st.booleans()):
        body = [f"when {draw(patterns())}", f"where {draw(expressions(2))}"]
    else:
        first, second = draw(st.sampled_from(EVENTS[:9])), draw(st.sampled_from(EVENTS[:9]))
        join = draw(
            st.sampled_from(
                (
                    "",
                    " as a",
                    f" as a join {second} as b on {draw(expressions(2))} within grace",
                    f" as a lookup hosts on {draw(expressions(2))}",
                    f" or {second} as c",
                )
            )
        )
        over = draw(st.sampled_from(("", *(f"over {window}" for window in WINDOWS))))
        body = [f"from {first}{join}", over, f"when {draw(expressions(2))}"]
        tail = [line for line in tail if line.split()[0] not in ("within", "limit", "after", "on")]
    return "\n  ".join(["rule found", *body, *tail])


def files() -> SearchStrategy[str]:
    """The text of a file with one such rule."""
    return rules().map(lambda rule: f"{PREAMBLE}\n{rule}\n")
