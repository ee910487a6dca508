"""The receiver of a hopping window that is kept in panes: an event is added to one pane. Plan layer.

Panes and when they turn are the operator's, see :mod:`cep.runtime.operators.panes`. Of a pane the code knows ``events``
(the newest), ``n`` (how many came), and for each column ``sumN`` or the accumulators ``keptN_M``.
"""

from __future__ import annotations

import ast

from cep.language.checked import Constant
from cep.plan.generate.nodes import all_of, function, name
from cep.plan.generate.sliding import SlidingBuilder
from cep.plan.generate.templates import Gap, statements

CALLS = ("find", "begin", "turn", "key_of", "failed", "odd")
"""What the operator hands to the generated factory, in this order."""

_RECEIVE = """
KEY
TAKE
now_us = e.time_us
state = find(k)
if state is None:
    pane = begin(k, now_us)
elif now_us < state.until_us:
    pane = state.pane
else:
    pane = turn(state, now_us)
pane.events.append(e)
pane.n += 1
ENTER
"""


_INT64 = {"MIN": ast.Constant(-(1 << 63)), "MAX": ast.Constant((1 << 63) - 1)}

_CLOSING = """
if not state.odd and BOUNDS:
    length = state.n
    LOAD
    try:
        return HOLDS
    except EvaluationError:
        pass
return True
"""


class PaneBuilder(SlidingBuilder):
    """Builds the receivers of one window, and what is asked first when it closes."""

    def closing(self, text: str) -> ast.FunctionDef:
        """``text(state, e, k, m)``: false where the condition does not hold over the panes that have ended.

        True where it does, fails, or needs more than their sums to tell: then it is evaluated as ever.
        """
        plan = self._plans[0]
        parts = [part for part in (plan.when, plan.having) if part is not None]
        values = any(column.kind == "values" for column in self._window.columns)
        if values or plan.looks_around or not parts:
            return function(text, ["state", "e", "k", "m"], statements("return True"))
        ints = [number for number in self._sums() if self._window.columns[number].kind == "int"]
        bounds = [statements("MIN <= state.SUM <= MAX", SUM=f"sum{number}", **_INT64)[0] for number in ints]
        within = all_of([each.value for each in bounds if isinstance(each, ast.Expr)])
        holds = self._truth(parts, 0, "e")
        body = statements(_CLOSING, BOUNDS=within, LOAD=self._load(), HOLDS=holds)
        return function(text, ["state", "e", "k", "m"], body)

    def factory(self, event_type: str, text: str) -> ast.FunctionDef:
        end = statements("return None")
        enter: list[ast.stmt] = []
        for number, column in enumerate(self._window.columns):
            gaps: dict[str, Gap] = {"NEW": f"new{number}", "SUM": f"sum{number}", "NUMBER": number}
            if column.kind == "float":
                enter += statements(
                    """
                    if NEW.__class__ is float and SMALLEST <= NEW < LARGEST:
                        pane.SUM += int(NEW * SCALE)
                    else:
                        odd(pane, NUMBER, NEW)
                    """,
                    **gaps,
                )
            elif column.kind == "int":
                enter += statements(
                    "if NEW.__class__ is int:\n    pane.SUM += NEW\nelse:\n    odd(pane, NUMBER, NEW)", **gaps
                )
            else:
                calls: list[ast.stmt] = []
                for place in range(len(column.aggregates)):
                    calls += statements("pane.KEPT.add(NEW)", KEPT=f"kept{number}_{place}", NEW=f"new{number}")
                if not isinstance(column.taken, Constant):
                    calls = statements("if NEW is not None:\n    CALLS", CALLS=calls, NEW=f"new{number}")
                enter += calls
        body = statements(_RECEIVE, KEY=self._key(event_type, end), TAKE=self._take(end), ENTER=enter)
        receiver = function("receive", ["e", "mask"], body)
        return function(text, CALLS, [receiver, ast.Return(name("receive"))])
