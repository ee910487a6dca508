"""Where the checker's findings are collected. Language layer.

Invariant: one mistake is told once. What is checked twice, a definition at each of its uses or a condition for each of
its event types, ends in the same finding at the same place, and that is kept once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from cep.diagnostics import NOWHERE, Diagnostic, Fix, Span
from cep.language.checked import Constant, Expression
from cep.types import ANY

Related = tuple[tuple[Span, str], ...]


class Report:
    """Findings in the order found."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, str, Span], Diagnostic] = {}
        self.error_count = 0
        self._redirect: Callable[[Diagnostic], Diagnostic | None] | None = None

    def error(
        self,
        code: str,
        message: str,
        span: Span,
        hint: str | None = None,
        related: Related = (),
        fix: Fix | None = None,
    ) -> None:
        """What makes the rules unusable."""
        self._add(Diagnostic(code, message, span, hint, "error", related, fix))

    def warning(self, code: str, message: str, span: Span, hint: str | None = None, related: Related = ()) -> None:
        """What is legal and probably not meant."""
        self._add(Diagnostic(code, message, span, hint, "warning", related))

    def _add(self, made: Diagnostic) -> None:
        found: Diagnostic | None = made
        if self._redirect is not None and found is not None:
            found = self._redirect(found)
        if found is not None:
            self.error_count += found.severity == "error"
            self._found.setdefault((found.code, found.message, found.span), found)

    @contextmanager
    def redirected(self, change: Callable[[Diagnostic], Diagnostic | None]) -> Iterator[None]:
        """Passes what is found inside through ``change``, which may drop it by returning null."""
        before = self._redirect

        def both(found: Diagnostic) -> Diagnostic | None:
            changed = change(found)
            return changed if changed is None or before is None else before(changed)

        self._redirect = both
        try:
            yield
        finally:
            self._redirect = before

    def findings(self) -> list[Diagnostic]:
        """All findings, in the order found."""
        return list(self._found.values())

    def has(self, code: str, span: Span) -> bool:
        """Whether this code was reported at this place."""
        return any(found.code == code and found.span == span for found in self._found.values())


def poison(span: Span = NOWHERE) -> Expression:
    """Stands for an expression that was reported: its type is ``any``, so that nothing else is said about it."""
    return Constant(None, ANY, span=span)


def is_poison(expression: Expression) -> bool:
    """Whether the expression is one that was reported."""
    return isinstance(expression, Constant) and expression.value is None and expression.type == ANY


def listed(words: list[str], joint: str = "and") -> str:
    """`` `a`, `b` and `c` ``."""
    quoted = [f"`{word}`" for word in words]
    if len(quoted) < 2:
        return "".join(quoted)
    return f"{', '.join(quoted[:-1])} {joint} {quoted[-1]}"


def article(noun: str) -> str:
    """``an int``, ``a list<string>``."""
    return f"{'an' if noun[:1] in 'aeiou' else 'a'} {noun}"
