"""What the language knows and this version does not run yet: said with CEP490, never run as something else.

Plan layer. The list shrinks as the product grows: what is left needs outputs with names.
"""

from __future__ import annotations

from cep.diagnostics import Diagnostic
from cep.language.checked import CheckedRule


def unsupported(rule: CheckedRule) -> list[Diagnostic]:
    """One diagnostic for each construct of the rule that does not run yet, in the order written."""
    if not rule.to:
        return []
    message = "`to` is part of the language but does not run yet in this version"
    return [Diagnostic("CEP490", message, rule.clause_spans.get("to", rule.span))]
