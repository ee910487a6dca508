"""Rule text for the oracle and its tests: parsed and checked, without the planner and the engine."""

from __future__ import annotations

from cep.language.checked import RuleSet
from cep.language.rule_files import load_rules


def load(text: str) -> RuleSet:
    """The checked rules of a text; warnings are dropped.

    Raises:
        RuleError: the text has errors.
    """
    return load_rules(text)
