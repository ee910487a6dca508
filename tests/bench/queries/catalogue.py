"""All queries, by name."""

from __future__ import annotations

from tests.bench.queries import logins, many_rules, payments
from tests.bench.queries.query import Query

QUERIES: dict[str, Query] = {
    query.name: query for query in (payments.Q1, logins.Q2, logins.Q3, many_rules.Q7, many_rules.Q8)
}
