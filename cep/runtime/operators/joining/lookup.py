"""Finding the row of a table for an event. Runtime layer.

The columns that `on` sets equal to something are a hash index; what else it asks is tested on the rows that are found,
in the order of the table, and the first that passes is taken. Without an equality every row is tested.
"""

from __future__ import annotations

from collections.abc import Callable
from operator import attrgetter

from cep.event import Event
from cep.functions.records import EvaluationError
from cep.functions.values import same_key
from cep.plan.generate.scope import Scope
from cep.plan.plan import LookupPlan
from cep.runtime.joined import JoinedEvent
from cep.runtime.operators.operator import Surroundings
from cep.tables import Row

NO_ROW: Row = {}

Find = Callable[[Event], Row]
"""The row for an event, or for what was joined so far; :data:`NO_ROW` where there is none."""


def find_row(plan: LookupPlan, scope: Scope, around: Surroundings, rule: str) -> Find:
    """The function that looks up. Failing expressions find nothing and are reported under the name of the rule."""
    index = around.tables.index(plan.table, plan.columns)
    values_of = around.compiler.values(plan.values, scope)
    passes = around.compiler.condition(plan.rest, scope) if plan.rest else None
    get = index.by_key.get
    versions = index.versioned
    single = len(plan.columns) == 1

    def find(event: Event) -> Row:
        try:
            values = values_of((), event, None, None)
            if single:
                value = values[0]
                if value.__class__ is not str:
                    if value is None:
                        return NO_ROW
                    value = same_key(value)
            else:
                if None in values:
                    return NO_ROW
                value = tuple([same_key(each) for each in values])
            rows = get(value)
            if rows is None:
                return NO_ROW
            if passes is None and not versions:
                return rows[0]
            return choose(event, rows)
        except EvaluationError as error:
            around.report(rule, event, error)
            return NO_ROW

    def choose(event: Event, rows: list[Row]) -> Row:
        time_us = event.time_us
        roles = event.roles if isinstance(event, JoinedEvent) else (event,)
        for row in rows:
            if versions and not index.is_valid(row, time_us):
                continue
            if passes is None or passes((), JoinedEvent(time_us, event.about, (*roles, row)), None, None):
                return row
        return NO_ROW

    if plan.field is None or passes is not None:
        return find
    field_of = attrgetter(around.attributes[plan.field])

    def find_by_text(event: Event) -> Row:
        """Most keys are texts in a field, and most tables have no versions: then this is all there is to do."""
        value = field_of(event)
        if value.__class__ is not str or versions:
            return find(event)
        rows = get(value)
        return NO_ROW if rows is None else rows[0]

    return find_by_text
