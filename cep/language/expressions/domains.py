"""Values that a field never has: ``outcome == "failed"`` where its schema lists ``failure``. Language layer."""

from __future__ import annotations

from cep.diagnostics import did_you_mean
from cep.language.checked import (
    Candidate,
    Constant,
    EventReference,
    Expression,
    Field,
    StepEvent,
    StepEventAt,
    StepValues,
)
from cep.language.expressions.scope import Context, Scope
from cep.language.report import listed
from cep.language.words import closest


def check_domain(context: Context, left: Expression, right: Expression, scope: Scope) -> None:
    """Reports constants outside the domain of the field they are compared with, for ``==``, ``!=``, ``in``."""
    for field, other in ((left, right), (right, left)):
        domain = _domain(context, field, scope)
        if domain is None or not isinstance(other, Constant):
            continue
        values = other.value if isinstance(other.value, tuple) else (other.value,)
        for value in values:
            if value is not None and not any(_same(value, allowed) for allowed in domain):
                _report(context, field, value, domain, other)
                return


def outside(value: object, domain: tuple[object, ...] | None) -> bool:
    """Whether the value is not among those allowed; null always is."""
    return domain is not None and value is not None and not any(_same(value, a) for a in domain)


def domain_hint(value: object, domain: tuple[object, ...]) -> str:
    """The allowed value that is likely meant, else all of them."""
    texts = [str(allowed) for allowed in domain]
    near = did_you_mean(closest(str(value), texts)) if isinstance(value, str) else None
    return near.replace("`", '"') if near else f"it takes {listed(texts[:8], 'or')}".replace("`", '"')


def _same(value: object, allowed: object) -> bool:
    return value == allowed and isinstance(value, bool) == isinstance(allowed, bool)


def _report(context: Context, field: Expression, value: object, domain: tuple[object, ...], other: Constant) -> None:
    assert isinstance(field, Field | StepValues)
    shown = f'"{value}"' if isinstance(value, str) else str(value)
    message = f"`{field.name}` never is {shown}"
    context.report.error("CEP305", message, other.span, domain_hint(value, domain))


def _domain(context: Context, node: Expression, scope: Scope) -> tuple[object, ...] | None:
    if isinstance(node, StepValues):
        return _of(context, scope.steps[node.step].types, node.name)
    if isinstance(node, Field):
        return _of(context, types_of_event(node.event, scope), node.name)
    return None


def types_of_event(event: EventReference, scope: Scope) -> tuple[str | None, ...]:
    """The types that the event may be of."""
    match event:
        case Candidate():
            return scope.candidate
        case StepEvent(step=step) | StepEventAt(step=step):
            return scope.steps[step].types
    return scope.all_types


def _of(context: Context, types: tuple[str | None, ...], name: str) -> tuple[object, ...] | None:
    found = context.types.find(types, name)
    return found.field.domain if found.field is not None and not found.lacking else None
