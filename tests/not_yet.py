"""What of the language does not run yet: the one place where tests ask.

The engine refuses such rules with CEP490. Tests of forms that are on their way say so with these functions, are skipped
as long as the engine refuses, and hold from the day on which it does not: nobody has to remember to enable them. What is
refused today is listed in tests/specification/test_not_yet.py.
"""

from __future__ import annotations

import pytest

import cep

NOT_YET = "CEP490"


def engine_of(rules: str, **options: object) -> cep.Engine | None:
    """An engine of the rules, null where the only thing against them is that something does not run yet.

    Raises:
        cep.RuleError: the rules are wrong.
    """
    try:
        return cep.Engine.from_rules(rules, **options)  # type: ignore[arg-type]
    except cep.RuleError as error:
        if {each.code for each in error.diagnostics if each.severity == "error"} == {NOT_YET}:
            return None
        raise


def runs(rules: str) -> bool:
    """Whether the engine runs all of the rules."""
    return engine_of(rules) is not None


def skip_unless_runs(rules: str) -> None:
    """Skip the test where a rule does not run yet."""
    if not runs(rules):
        pytest.skip("does not run yet (CEP490)")
