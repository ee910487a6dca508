"""Rule text for the oracle and its tests: parsed and checked, without the planner and the engine."""

from __future__ import annotations

import functools

from cep.language.checked import RuleSet
from cep.language.rule_files import load_rules


@functools.lru_cache(maxsize=8)
def load(text: str) -> RuleSet:
    """The checked rules of a text; warnings are dropped. The last few are kept: a pair is
    looked at when it is drawn, and when it is run.

    Raises:
        RuleError: the text has errors.
    """
    return load_rules(text)
