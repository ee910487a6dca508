"""Every code that a person may read, with what it means. Core layer: imports nothing of ours.

One section for each stage, as in :mod:`cep.diagnostics`; ``cep explain CEP601`` prints from here. A code never changes
its meaning and is never used again.
"""

from __future__ import annotations

from cep.diagnostic_codes.code import Code
from cep.diagnostic_codes.data import BUGS, CONSTANTS, DATA, LOADING, NOT_YET, TABLES
from cep.diagnostic_codes.meaning import NAMES, PATTERNS, TYPES
from cep.diagnostic_codes.syntax import SYNTAX

__all__ = ["CODES", "Code"]

_SECTIONS = (SYNTAX, NAMES, TYPES, PATTERNS, NOT_YET, LOADING, CONSTANTS, TABLES, DATA, BUGS)
CODES: dict[str, Code] = {code.code: code for section in _SECTIONS for code in section}
