"""What one form of rule files can say and the other cannot. Language layer."""

from __future__ import annotations

from cep.diagnostics import Span
from cep.errors import CepError


class Unsayable(CepError):
    """The other form has no words for this; the message names the place."""

    def __init__(self, message: str, span: Span, hint: str | None = None) -> None:
        super().__init__(f"{span}: {message}{f'; {hint}' if hint else ''}")
