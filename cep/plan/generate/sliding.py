"""The receiver of a window that slides, written out for the rules that share it. Plan layer.

What it does with an event is what :class:`cep.runtime.operators.sliding.SlidingOperator` does, in the same order, with
everything in line that happens at most events: the key, what has expired, sums, the condition. Where something out of
the ordinary comes (a number that does not fit into a sum, a failing expression, a firing) it calls the operator, see
:class:`cep.runtime.operators.kept.Kept`. A key's state has these fields, numbered by column:

============  ====================================================================================================
``m``         the events in the window
``true``      which rules held at the last evaluation and do not fire again before they have not, as bits
``odd``       what numbers are in the window that no sum holds; null where there are none
``sumN``      the exact sum of a column, scaled where it is one of floats
``skippedN``  how many events of the window have no number in the column
``takenN``    what was taken from each event: an int as it was added to the sum, null where nothing was, a tuple of an
              odd number; of a column of ``values`` the values
``keptN_M``   the accumulators of a column of ``values``
============  ====================================================================================================
"""

from __future__ import annotations

import ast
from bisect import bisect_right
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from cep.functions.records import EvaluationError
from cep.functions.values import same_key
from cep.language.checked import Aggregate, CheckedKey, Constant, Expression
from cep.plan.generate.expressions import Generator
from cep.plan.generate.nodes import all_of, attribute, compare, function, item, name
from cep.plan.generate.scope import Scope, scope_of
from cep.plan.generate.templates import statements
from cep.plan.kept import COUNT, LAZY, SCALE_BITS, KeptColumn, KeptWindow, Threshold, hoisted
from cep.plan.plan import AggregatePlan, LookupPlan, WindowPlan
from cep.plan.walk import conjuncts
from cep.plan.windows import Sliding

CALLS = ("find", "begin", "renew", "key_of", "failed", "lose", "odd", "drop", "slowly", "fire", "most",
         "rows_of", "versions", "no_row", "find_row", "JoinedEvent")  # fmt: skip
"""What the operator hands to the generated factory, in this order."""

NAMES: dict[str, Any] = {
    "EvaluationError": EvaluationError,
    "same_key": same_key,
    "bisect_right": bisect_right,
    "deque": deque,
    "NESTED": frozenset({list, dict}),
    "SMALLEST": 2.0**-28,
    "LARGEST": 2.0**900,
    "SCALE": 2.0**SCALE_BITS,
}
"""What the code refers to besides. From ``SMALLEST`` to below ``LARGEST`` a float times ``SCALE`` is a whole number."""

_NEGATED = {"<": ">=", "<=": ">", ">": "<=", ">=": "<"}

_ENRICH = """
source = e
value = e.FIELD
if value.__class__ is str and not versions:
    rows = rows_of(value)
    row = rows[0] if rows is not None else no_row
else:
    row = find_row(e)
e = JoinedEvent(e.time_us, e.about, (e, row))
"""
"""For rows that are found by the value of a field and by nothing else: it is nearly always a text."""

_RECEIVE = """
ENRICH
KEY
TAKE
now_us = e.time_us
state = find(k)
if state is None:
    state = begin(k, now_us)
    m = state.m
    LOAD
else:
    m = state.m
    LOAD
    EXPIRE
m.append(e)
ENTER
length = len(m)
OVERFLOW
STORE
if length > most:
    lose(state)
    length = most
    LOAD
FULL
EVALUATE
FIRE
"""

_EXPIRE = """
oldest_us = now_us - LENGTH
if m[0].time_us < oldest_us:
    while True:
        m.popleft()
        LEAVE
        if not m:
            renew(state, now_us)
            break
        if m[0].time_us >= oldest_us:
            break
    if state.true:
        STORE
        LOOK
"""


@dataclass(frozen=True)
class KeptScope(Scope):
    """A condition in the receiver: aggregates stand in variables and in the state."""

    window: KeptWindow | None = None

    def aggregate_value(self, aggregate: Aggregate) -> ast.expr | None:
        assert self.window is not None
        plan = AggregatePlan.of(aggregate)
        if plan == COUNT:
            return name("length")
        number, place = self.window.place(plan)
        kind = self.window.columns[number].kind
        if kind == "values":
            return _value(number, place) if plan.function in LAZY else name(f"value{number}_{place}")
        counted = ast.BinOp(name("length"), ast.Sub(), attribute(name("state"), f"skipped{number}"))
        total = name(f"sum{number}")
        if plan.function == "sum" and kind == "int":
            return total
        divisor: ast.expr = counted
        if kind == "float":
            divisor = ast.Constant(1 << SCALE_BITS)
            if plan.function == "avg":
                divisor = ast.BinOp(counted, ast.LShift(), ast.Constant(SCALE_BITS))
        nothing = ast.Constant(None if plan.function == "avg" else 0)
        return ast.IfExp(counted, ast.BinOp(total, ast.Div(), divisor), nothing)

    def compared(self, left: Aggregate, operator: str, constant: object, negated: bool) -> ast.expr | None:
        assert self.window is not None
        if negated and operator not in _NEGATED:
            return None
        threshold = self.window.compared(left, _NEGATED[operator] if negated else operator, constant)
        return None if threshold is None else _holds(threshold)


class SlidingBuilder:
    """Builds the receivers of one shared window."""

    def __init__(
        self, generator: Generator, window: KeptWindow, attributes: Mapping[str, str], lookup: LookupPlan | None = None
    ) -> None:
        self._lookup = lookup
        self._generator = generator
        self._window = window
        self._attributes = attributes
        self._rules = window.rules
        form = window.form
        self._count = form.count if isinstance(form, Sliding) else None
        self._evaluates_part = not isinstance(form, Sliding) or form.count is None or form.partial
        plans = [rule.operator for rule in self._rules]
        self._plans = [plan for plan in plans if isinstance(plan, WindowPlan)]
        self._rising = sum(
            1 << bit for bit, plan in enumerate(self._plans) if plan.when is not None and plan.firing.kind == "rising"
        )
        self._all = (1 << len(self._rules)) - 1

    @property
    def keys(self) -> Sequence[CheckedKey]:
        """The keys of the rules."""
        return self._rules[0].keys

    def factory(self, event_type: str, text: str) -> ast.FunctionDef:
        """``text(CALLS)`` gives the receiver of events of a type."""
        body = self._body(event_type, statements("return None"), statements("return fire(state, e, fires)"))
        receiver = function("receive", ["e", "mask"], body)
        return function(text, CALLS, [receiver, ast.Return(name("receive"))])

    def fresh(self, text: str, fields: Sequence[tuple[str, str]]) -> ast.FunctionDef:
        """``text(State, MAKERS)`` gives a function of a key that makes its state.

        ``fields`` are further ones with what makes them, by name: ``MAKERS`` are those functions, sorted.
        """
        body = statements("state = State()\nstate.key = k\nstate.m = deque()\nstate.true = 0")
        body += statements("state.odd = state.lost_us = None")
        for number, column in enumerate(self._window.columns):
            body += statements("state.TAKEN = deque()", TAKEN=f"taken{number}")
            if column.kind != "values":
                body += statements("state.SUM = state.SKIPPED = 0", SUM=f"sum{number}", SKIPPED=f"skipped{number}")
        for field, maker in fields:
            body += statements("state.FIELD = MAKE()", FIELD=field, MAKE=maker)
        makers = sorted({maker for _, maker in fields})
        made = function("fresh", ["k"], [*body, ast.Return(name("state"))])
        return function(text, ["State", *makers], [made, ast.Return(name("fresh"))])

    def _body(self, event_type: str, end: Sequence[ast.stmt], fire: Sequence[ast.stmt]) -> list[ast.stmt]:
        """What is done with the event ``e``; ``end`` where nothing comes of it, ``fire`` where ``fires`` do."""
        load, store, leave = self._load(), self._store(), self._leave()
        expire: list[ast.stmt] = []
        if self._window.form.length_us is not None:
            expire = statements(
                _EXPIRE, LENGTH=self._window.form.length_us, LEAVE=leave, LOAD=load, STORE=store, LOOK=self._look()
            )
        overflow: list[ast.stmt] = []
        full: list[ast.stmt] = []
        if self._count is not None:
            leaving = "if length > COUNT:\n    m.popleft()\n    LEAVE\n    length = COUNT"
            overflow = statements(leaving, COUNT=self._count, LEAVE=leave)
        if not self._evaluates_part:
            full = statements("if length != COUNT:\n    state.true = 0\n    END", COUNT=self._count or 0, END=end)
        return statements(
            _RECEIVE,
            ENRICH=[]
            if self._lookup is None
            else statements(_ENRICH, FIELD=self._attributes[self._lookup.field or ""]),
            KEY=self._key(event_type, end),
            TAKE=self._take(end),
            LOAD=load,
            STORE=store,
            EXPIRE=expire,
            ENTER=self._enter(),
            OVERFLOW=overflow,
            FULL=full,
            EVALUATE=self._evaluate("e", self._all),
            FIRE=self._fire(end, fire),
        )

    # ---- the event ----

    def _key(self, event_type: str, end: Sequence[ast.stmt]) -> list[ast.stmt]:
        keys = self.keys
        if len(keys) == 1 and not keys[0].optional:
            path = keys[0].by_type.get(event_type, keys[0].path)
            if len(path) == 1:
                source: ast.expr = name("e" if self._lookup is None else "source")
                if self._lookup is None and self._rules[0].join is not None:
                    source = item(attribute(name("e"), "roles"), 0)
                read = attribute(source, self._attributes[str(path[0])])
                text = "k = READ\nif k.__class__ is not str:\n    k = key_of(e)\n    if k is None:\n        END"
                return statements(text, READ=read, END=end)
        return statements("k = key_of(e)\nif k is None:\n    END", END=end)

    def _take(self, end: Sequence[ast.stmt]) -> list[ast.stmt]:
        rule = self._rules[0]
        whole = scope_of(rule)
        scope = Scope(keys=whole.keys, single_key=whole.single_key, over_window=True)
        body: list[ast.stmt] = []
        for number, column in enumerate(self._window.columns):
            new = f"new{number}"
            body += statements("NEW = TAKEN", NEW=new, TAKEN=self._generator.value(column.taken, scope))
            if column.kind == "values" and not isinstance(column.taken, Constant):
                body += statements("if NEW.__class__ in NESTED:\n    same_key(NEW)", NEW=new)
        if not body:
            return []
        return statements(
            "try:\n    BODY\nexcept EvaluationError as error:\n    failed(e, error)\n    END", BODY=body, END=end
        )

    def _load(self) -> list[ast.stmt]:
        return [each for n in self._sums() for each in statements("SUM = state.SUM", SUM=f"sum{n}")]

    def _store(self) -> list[ast.stmt]:
        return [each for n in self._sums() for each in statements("state.SUM = SUM", SUM=f"sum{n}")]

    def _sums(self) -> list[int]:
        return [number for number, column in enumerate(self._window.columns) if column.kind != "values"]

    def _enter(self) -> list[ast.stmt]:
        body: list[ast.stmt] = []
        for number, column in enumerate(self._window.columns):
            gaps = {"NEW": f"new{number}", "SUM": f"sum{number}", "TAKEN": f"taken{number}"}
            if column.kind == "float":
                body += statements(
                    """
                    if NEW.__class__ is float and SMALLEST <= NEW < LARGEST:
                        NEW = int(NEW * SCALE)
                        SUM += NEW
                    else:
                        NEW = odd(state, NUMBER, NEW)
                        if NEW.__class__ is int:
                            SUM += NEW
                    """,
                    NUMBER=number,
                    **gaps,
                )
            elif column.kind == "int":
                body += statements(
                    "if NEW.__class__ is int:\n    SUM += NEW\nelse:\n    NEW = odd(state, NUMBER, NEW)",
                    NUMBER=number,
                    **gaps,
                )
            else:
                body += self._each_accumulator(number, column, "add", f"new{number}")
            body += statements("state.TAKEN.append(NEW)", **gaps)
        return body

    def _leave(self) -> list[ast.stmt]:
        body: list[ast.stmt] = []
        for number, column in enumerate(self._window.columns):
            gaps = {"SUM": f"sum{number}", "TAKEN": f"taken{number}"}
            body += statements("old = state.TAKEN.popleft()", **gaps)
            if column.kind == "values":
                body += self._each_accumulator(number, column, "remove", "old")
            else:
                text = "if old.__class__ is int:\n    SUM -= old\nelse:\n    drop(state, NUMBER, old)"
                body += statements(text, NUMBER=number, **gaps)
        return body

    def _each_accumulator(self, number: int, column: KeptColumn, method: str, value: str) -> list[ast.stmt]:
        calls: list[ast.stmt] = []
        for place in range(len(column.aggregates)):
            calls += statements("state.KEPT.METHOD(VALUE)", KEPT=f"kept{number}_{place}", METHOD=method, VALUE=value)
        if isinstance(column.taken, Constant):
            return calls
        return statements("if VALUE is not None:\n    CALLS", VALUE=value, CALLS=calls)

    # ---- evaluation ----

    def _look(self) -> list[ast.stmt]:
        """The condition over the window without the event: what does not hold there may fire again."""
        body = statements(
            "last = m[-1]\nlength = len(m)\nEVALUATE\nstate.true &= true", EVALUATE=self._evaluate("last", None)
        )
        if len(self._rules) == 1:
            body = statements(
                "last = m[-1]\nlength = len(m)\nEVALUATE\nif not true:\n    state.true = 0",
                EVALUATE=self._evaluate("last", None),
            )
        if self._evaluates_part:
            return body
        text = "if len(m) != COUNT:\n    state.true = 0\nelse:\n    BODY"
        return statements(text, COUNT=self._count or 0, BODY=body)

    def _evaluate(self, candidate: str, bits: int | None) -> list[ast.stmt]:
        """Sets ``true``: whether the rule holds, or of several the bits of those that do."""
        of = "state.true" if bits is None else str(bits)
        slowly = statements(f"true = slowly(state, {candidate}, e, {of})")
        body = [*self._eager(), *(self._one(candidate) if len(self._rules) == 1 else self._several(candidate))]
        body = statements("try:\n    BODY\nexcept EvaluationError:\n    SLOWLY", BODY=body, SLOWLY=slowly)
        if not self._sums():
            return body
        plain: list[ast.expr] = [compare(attribute(name("state"), "odd"), ast.Is(), ast.Constant(None))]
        for number in self._sums():
            if self._window.columns[number].kind == "int":
                bounds = [name(f"sum{number}"), ast.Constant((1 << 63) - 1)]
                plain.append(ast.Compare(ast.Constant(-(1 << 63)), [ast.LtE(), ast.LtE()], bounds))
        return statements("if PLAIN:\n    BODY\nelse:\n    SLOWLY", PLAIN=all_of(plain), BODY=body, SLOWLY=slowly)

    def _eager(self) -> list[ast.stmt]:
        """Aggregates that may fail are asked for their value at each evaluation, as the rules are told if they do."""
        body: list[ast.stmt] = []
        for number, column in enumerate(self._window.columns):
            for place, aggregate in enumerate(column.aggregates):
                if column.kind == "values" and aggregate.function not in LAZY:
                    text = "VALUE = CALL"
                    body += statements(text, VALUE=f"value{number}_{place}", CALL=_value(number, place))
        return body

    def _one(self, candidate: str) -> list[ast.stmt]:
        plan = self._plans[0]
        parts = [part for part in (plan.when, plan.having) if part is not None]
        return statements("true = HOLDS", HOLDS=self._truth(parts, 0, candidate))

    def _truth(self, parts: Sequence[Expression], bit: int, candidate: str) -> ast.expr:
        whole = scope_of(self._rules[bit])
        scope = KeptScope(keys=whole.keys, single_key=whole.single_key, over_window=True, window=self._window)
        scope = replace(scope, candidate=candidate)
        return all_of([self._generator.truth(each, scope) for part in parts for each in conjuncts(part)])

    def _several(self, candidate: str) -> list[ast.stmt]:
        """Comparisons with constants sort the rules: one search tells for all that compare the same number."""
        sides: dict[tuple[int | None, bool], list[tuple[int, int]]] = {}
        rest: dict[int, list[Expression]] = {}
        for bit, rule in enumerate(self._rules):
            thresholds, left = hoisted(self._window, rule)
            for threshold in thresholds:
                sides.setdefault((threshold.column, threshold.below), []).append((threshold.bound, bit))
            if left:
                rest[bit] = left
        body = statements("true = ALL", ALL=self._all)
        for (column, below), found in sides.items():
            found.sort()
            bounds = [bound for bound, _ in found]
            masks = self._masks([bit for _, bit in found], below)
            number = "length" if column is None else f"sum{column}"
            if len(bounds) == 1:
                holds = _holds(Threshold(column, bounds[0], below))
                body += statements("if not HOLDS:\n    true &= NONE", HOLDS=holds, NONE=masks[below])
                continue
            text = "true &= MASKS[bisect_right(BOUNDS, NUMBER)]"
            known = {"MASKS": self._generator.constant(masks), "BOUNDS": self._generator.constant(bounds)}
            body += statements(text, NUMBER=number, **known)
        asked: list[ast.stmt] = []
        for bit, parts in rest.items():
            text = "if true & BIT and not HOLDS:\n    true ^= BIT"
            asked += statements(text, BIT=1 << bit, HOLDS=self._truth(parts, bit, candidate))
        if asked:
            body += statements("if true & REST:\n    ASKED", REST=sum(1 << bit for bit in rest), ASKED=asked)
        return body

    def _masks(self, bits: Sequence[int], below: bool) -> list[int]:
        """By how many of the bounds a number reaches: the rules that may still hold."""
        others = self._all & ~sum(1 << bit for bit in bits)
        masks = []
        for reached in range(len(bits) + 1):
            hold = bits[reached:] if below else bits[:reached]
            masks.append(others | sum(1 << bit for bit in hold))
        return masks

    def _fire(self, end: Sequence[ast.stmt], fire: Sequence[ast.stmt]) -> list[ast.stmt]:
        if len(self._rules) > 1:
            text = """
                fires = true & ~state.true
                state.true = true & RISING
                if fires:
                    FIRE
                END
                """
            return statements(text, RISING=self._rising, FIRE=fire, END=end)
        if not self._rising:
            return statements("if true:\n    fires = 1\n    FIRE\nEND", FIRE=fire, END=end)
        text = """
            if true:
                if not state.true:
                    state.true = fires = 1
                    FIRE
            elif state.true:
                state.true = 0
            END
            """
        return statements(text, FIRE=fire, END=end)


def _value(number: int, place: int) -> ast.expr:
    """``state.keptN_M.value()``."""
    kept = attribute(name("state"), f"kept{number}_{place}")
    return ast.Call(attribute(kept, "value"), [], [])


def _holds(threshold: Threshold) -> ast.expr:
    number = name("length" if threshold.column is None else f"sum{threshold.column}")
    operator = ast.Lt() if threshold.below else ast.GtE()
    return compare(number, operator, ast.Constant(threshold.bound))
