"""All queries, by name."""

from __future__ import annotations

from tests.bench.queries import logins, payments
from tests.bench.queries.query import Query

QUERIES: dict[str, Query] = {query.name: query for query in (payments.Q1, logins.Q2, logins.Q3)}
