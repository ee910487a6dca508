"""What a bare name and the event before a dot mean (LANGUAGE sections 3 and 4). Language layer.

The order in which a name is looked up:

=====================  =============================================================================
a step's condition     parameter of the lambda, of the definition; step; constant; field of the candidate
``where``, ``emit`` …  the same, with keys before steps, and fields of the only step last
a window rule          keys; inputs; constants; field of the evaluated event
in an aggregate        steps; constants; field of each event
=====================  =============================================================================

A whole step is no value. Where a value is wanted and a key and a step have the same name, the key is meant; before a
dot the step is. A name that a step has only from its type makes way for a field of that name, see :func:`names_step`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from cep.diagnostics import Span, did_you_mean
from cep.language import syntax
from cep.language.checked import (
    Candidate,
    EdgeEvent,
    EventReference,
    Expression,
    Field,
    KeyValue,
    Local,
    PreviousEvent,
    StepEvent,
    StepEventAt,
    StepValues,
    TimeoutValue,
)
from cep.language.checking.near_names import renamed
from cep.language.expressions.scope import Context, Scope, StepInfo
from cep.language.report import listed, poison
from cep.language.words import closest
from cep.types import ANY, TIMESTAMP, Type, list_of

TIMEOUT_VALUES = {
    "matched_steps": list_of(Type("string")),
    "missing_step": ANY,
    "deadline": TIMESTAMP,
}
"""What ``on timeout emit`` can read; ``missing_step`` is a list where members of an ``and`` are missing."""

TIME_NAMES = ("time", "timestamp", "ts", "event_time")


@dataclass(frozen=True, slots=True)
class EventTarget:
    """The event before a dot. ``reference`` is null when it was reported; ``loop``: all events of that step."""

    types: tuple[str | None, ...] = ()
    reference: EventReference | None = None
    optional: bool = False
    loop: str | None = None
    is_window: bool = False


# ---- bare names ----


def value_of(context: Context, node: syntax.Name, scope: Scope) -> Expression:
    """A bare name where a value is wanted."""
    name = node.text
    if name in scope.locals:
        return Local(name, scope.locals[name], span=node.span)
    if name in scope.parameters:
        return replace(scope.parameters[name], span=node.span)
    if name in scope.keys and scope.within is None:
        return KeyValue(name, scope.keys[name].type, span=node.span)
    if names_step(context, name, scope):
        return _step_as_value(context, node, scope)
    if scope.timeout and name in TIMEOUT_VALUES and scope.within is None:
        return TimeoutValue(name, TIMEOUT_VALUES[name], span=node.span)
    if name in context.constants:
        return replace(context.constants[name], span=node.span)
    if name in context.broken:
        return poison(node.span)
    if _is_table(context, node, scope) or _may_be_key(context, name, scope):
        return poison(node.span)
    if scope.candidate:
        return field_of(context, EventTarget(scope.candidate, Candidate(span=node.span)), name, node.span, scope)
    if scope.kind == "match" and scope.within is None:
        return _of_only_step(context, node, scope)
    return _unknown(context, node, scope)


def names_step(context: Context, name: str, scope: Scope, member: str | None = None) -> bool:
    """Whether a name means a step here. ``member`` is the name behind the dot, null where a value is wanted.

    A name that was not given by ``as`` does not hide a field of the event that bare names are fields of: in a step's
    condition the candidate, in an aggregate each event, else the only step. Before a dot the step is meant if it has
    the field behind it; in its own condition a step that takes one event never is.
    """
    if name not in scope.steps:
        return False
    step = scope.steps[name]
    if not step.automatic:
        return True
    if step.absent is not None and name in _SPECIAL:
        return False
    types = _bare_types(scope)
    declared = name in context.types.field_names(types)
    if member is None:
        return not (declared or (bool(types) and context.types.find(types, name).anywhere))
    if step.absent is not None:
        return not declared
    if name == scope.own and scope.within is None:
        return not declared and (bool(step.loops) or not context.types.find(types, name).anywhere)
    if scope.kind == "condition":
        return True
    return not declared or context.types.find(step.types, member).anywhere


_SPECIAL = ("this", "prev", "first", "last", "window")


def _bare_types(scope: Scope) -> tuple[str | None, ...]:
    """The types of the event that a bare name is a field of; none where it must be qualified."""
    if scope.candidate or scope.kind != "match" or scope.within is not None:
        return scope.candidate
    steps = scope.visible
    return steps[0].types if len(steps) == 1 else ()


def _may_be_key(context: Context, name: str, scope: Scope) -> bool:
    """Whether only a key can be meant, and the keys could not be read."""
    if not scope.open_keys or scope.within is not None:
        return False
    return not context.types.find(_bare_types(scope), name).anywhere


def _is_table(context: Context, node: syntax.Name, scope: Scope) -> bool:
    """Whether the name is that of a table, and reports it: tables are no values."""
    name = node.text
    if scope.open_steps or name not in context.tables or name in context.types.field_names(_bare_types(scope)):
        return False
    message = f"`{name}` is a table; tables are read by `lookup` and `expect`"
    hint = f"write `from EVENT lookup {name} on FIELD == {name}.KEY`, and then `{name}.FIELD`"
    context.report.error("CEP223", message, node.span, hint)
    return True


def _step_as_value(context: Context, node: syntax.Name, scope: Scope) -> Expression:
    step = scope.steps[node.text]
    if not _usable(context, step, node.span, scope):
        return poison(node.span)
    what = "input" if scope.kind == "window" else "step"
    others = context.types.field_names(step.types)
    example = f"{node.text}.{others[0]}" if others else f"{node.text}.FIELD"
    hint = f"write one of its fields, such as `{example}`"
    if scope.kind == "condition" and step.automatic:
        hint += f"; the event's own field is `this.{node.text}`"
    message = f"`{node.text}` is a whole event of the {what} of that name, no value"
    context.report.error("CEP207", message, node.span, hint)
    return poison(node.span)


def _of_only_step(context: Context, node: syntax.Name, scope: Scope) -> Expression:
    steps = scope.visible
    if len(steps) == 1:
        (step,) = steps
        which = "last" if step.loops else "only"
        reference = StepEvent(step.name, which, span=node.span)  # type: ignore[arg-type]
        target = EventTarget(step.types, reference, step.optional)
        if step.loops and scope.place == "`where`" and not scope.open_steps:
            message = f"`{node.text}` is read of the last event of the loop only"
            label = str(step.types[0]) if len(step.types) == 1 and step.types[0] else "EVENT"
            hint = f"to test each write the condition into the parentheses: `{label}({node.text} …)`"
            context.report.warning("CEP424", message, node.span, hint)
        return field_of(context, target, node.text, node.span, scope)
    having = [step.name for step in steps if _may_have(context, step, node.text)]
    declared = [s.name for s in steps if node.text in context.types.field_names(s.types)]
    if not having:
        return _unknown(context, node, scope)
    found = declared or having
    near = closest(node.text, [*scope.keys, *scope.steps, *context.constants])
    fields = listed([f"{name}.{node.text}" for name in found], "or")
    hint = f"write {fields}, or make it a key with `per`"
    if near is not None and not declared and _is_near(node.text, near):
        hint = f"did you mean `{near}`?"
    message = f"with several steps `{node.text}` must say which step it is a field of"
    if not scope.open_steps:
        context.report.error("CEP206", message, node.span, hint)
    return poison(node.span)


def _may_have(context: Context, step: StepInfo, name: str) -> bool:
    return context.types.find(step.types, name).anywhere


def _is_near(word: str, other: str) -> bool:
    return word.lower() == other.lower() or (len(word) > 3 and abs(len(word) - len(other)) <= 1)


def _unknown(context: Context, node: syntax.Name, scope: Scope) -> Expression:
    known = [*scope.locals, *scope.parameters, *scope.keys, *context.constants]
    known += [name for step in scope.visible for name in context.types.field_names(step.types)]
    known += [step.name for step in scope.visible]
    if scope.joined and scope.visible:
        fields = listed([f"{s.name}.{node.text}" for s in scope.visible], "or")
        message = f"`{node.text}` must say which input it is a field of"
        if not scope.open_steps:
            context.report.error("CEP206", message, node.span, f"write {fields}")
        return poison(node.span)
    what = "no constant is called" if scope.kind == "constant" else "nothing is called"
    hint = did_you_mean(closest(node.text, known))
    if hint is None and scope.kind == "constant":
        hint = f"declare it with `let {node.text} = …`"
        if scope.place != "a duration":
            hint = f'write `"{node.text}"` if it is a text, else {hint}'
    message, fix = f"{what} `{node.text}` in {scope.place}", renamed(node.text, known, node.span)
    context.report.error("CEP205", message, node.span, hint, fix=fix)
    return poison(node.span)


# ---- events before a dot, and as arguments ----


def event_target(
    context: Context,
    node: syntax.Expression,
    scope: Scope,
    check: Callable[[syntax.Expression, Scope], Expression],
    member: str = "",
) -> EventTarget | None:
    """The event that an expression names; null when it names none and is a value.

    ``check`` checks the index of ``a[i]``; ``member`` is the field that is read of it.
    """
    match node:
        case syntax.Name():
            return _named_event(context, node, scope, member)
        case syntax.Call(function=("first" | "last") as edge, arguments=(argument,)):
            return _edge_of_step(context, edge, argument, scope, node.span)
        case syntax.Index(target=syntax.Name(text=name) as target) if _is_step(name, scope):
            step = scope.steps[name]
            if not _usable(context, step, target.span, scope):
                return EventTarget()
            if not _loops(step, scope) and not _is_whole_window(step, scope):
                return None
            index = check(node.index, scope)
            if index.type.name not in ("int", "any"):
                return None
            return EventTarget(step.types, StepEventAt(name, index, span=node.span), optional=True)
    return None


def _is_whole_window(step: StepInfo, scope: Scope) -> bool:
    """Whether positions of the step, and its first and last event, are those of the window."""
    return step.is_candidate and scope.windowed and scope.within is None


def _is_step(name: str, scope: Scope) -> bool:
    return name in scope.steps and name not in scope.locals and name not in scope.parameters


def _named_event(context: Context, node: syntax.Name, scope: Scope, member: str) -> EventTarget | None:
    name = node.text
    if name in scope.locals or name in scope.parameters:
        return None
    if names_step(context, name, scope, member):
        return _step_event(context, scope.steps[name], node.span, scope)
    if name in scope.steps and name not in _SPECIAL:
        return None
    if name not in scope.keys and name not in context.constants and _is_table(context, node, scope):
        return EventTarget()
    if name in _SPECIAL:
        return _special_event(context, node, scope)
    return EventTarget() if _is_misspelt_step(context, node, scope) else None


def _step_event(context: Context, step: StepInfo, span: Span, scope: Scope) -> EventTarget:
    if not _usable(context, step, span, scope):
        return EventTarget()
    if step.is_candidate or step.name == scope.ranging:
        return EventTarget(step.types, Candidate(span=span))
    if _loops(step, scope):
        return EventTarget(step.types, None, loop=step.name)
    inside = bool(step.loops)
    reference = StepEvent(step.name, "last" if inside else "only", span=span)
    return EventTarget(step.types, reference, step.optional or inside)


def _loops(step: StepInfo, scope: Scope) -> bool:
    """Whether the step stands for a list of events here: inside a repeated group its steps are those of this turn."""
    if step.name == scope.ranging:
        return False
    if step.name == scope.own:
        return bool(step.loops)
    return any(loop not in scope.own_loops for loop in step.loops)


def _usable(context: Context, step: StepInfo, span: Span, scope: Scope) -> bool:
    """Whether the step has an event here; reports it where it has none."""
    name = step.name
    if step.absent is not None:
        word = "stays away" if step.absent == "no" else "only ends the loop"
        message = f"`{name}` {word} (`{step.absent}`) and so has no event to read"
        hint = f"put what it must meet into its own parentheses after `{step.absent}`"
        context.report.error("CEP209", message, span, hint)
        return False
    if scope.bound is None or name in scope.bound:
        return True
    if name == scope.own:
        if step.loops:
            return True
        message = f"`{name}` is the very event that this condition tests"
        context.report.error("CEP208", message, span, f"leave out `{name}.`: bare names are its fields")
        return False
    message = f"`{name}` is not bound yet when this condition is tested"
    hint = f"move the condition to `where`, or into the parentheses of `{name}`"
    context.report.error("CEP208", message, span, hint, ((step.span, f"`{name}` is bound here"),))
    return False


def _special_event(context: Context, node: syntax.Name, scope: Scope) -> EventTarget | None:
    name, span = node.text, node.span
    if name in scope.keys or name in context.types.field_names(scope.all_types):
        return None
    match name:
        case "this" if scope.kind != "match" and scope.candidate and scope.within is None:
            return EventTarget(scope.candidate, Candidate(span=span))
        case "prev" if scope.previous:
            return EventTarget(scope.all_types, PreviousEvent(span=span), optional=True)
        case "first" | "last" if scope.edges:
            return EventTarget(scope.all_types, EdgeEvent(name, span=span))
        case "window" if scope.windowed:
            return EventTarget(is_window=True)
    if (scope.kind == "condition" and name != "prev") or scope.open_steps:
        return None
    meanings = {
        "this": "the event at hand, in a condition or a rule over windows",
        "prev": "the event before, in a step's condition or a rule over windows",
        "first": "the first event of a match or window",
        "last": "the last event of a match or window",
        "window": "the window of a rule over windows",
    }
    message = f"`{name}` has no meaning in {scope.place}: it is {meanings[name]}"
    steps = [step.name for step in scope.visible]
    hint = f"name the step: {listed(steps, 'or')}" if steps and name != "window" else None
    context.report.error("CEP210", message, span, hint)
    return EventTarget()


def _edge_of_step(
    context: Context, edge: str, argument: syntax.Argument, scope: Scope, span: Span
) -> EventTarget | None:
    name = argument.value
    if not isinstance(name, syntax.Name) or not _is_step(name.text, scope):
        return None
    if argument.where is not None or argument.over is not None or argument.name is not None:
        return None
    step = scope.steps[name.text]
    if not _usable(context, step, name.span, scope):
        return EventTarget()
    if _is_whole_window(step, scope):
        return EventTarget(step.types, EdgeEvent("first" if edge == "first" else "last", span=span))
    looping = _loops(step, scope) or bool(step.loops)
    reference = StepEvent(name.text, edge if looping else "only", span=span)  # type: ignore[arg-type]
    own = step.name == scope.own
    return EventTarget(step.types, reference, step.optional or own)


def _is_misspelt_step(context: Context, node: syntax.Name, scope: Scope) -> bool:
    """`fail.ip` where the step is called `fails`: on untyped events it would read a field that no event has.

    With several steps the name before a dot can only be a step, a key or a constant.
    """
    if scope.kind not in ("condition", "match") or node.text in context.constants or scope.open_steps:
        return False
    if node.text in scope.keys or node.text in context.types.field_names(scope.all_types):
        return False
    near = closest(node.text, [step.name for step in scope.visible if not step.automatic])
    is_near = near is not None and _is_near(node.text, near)
    names_a_step = scope.kind == "match" and scope.within is None and len(scope.visible) > 1 and not scope.open_keys
    if not is_near and (not names_a_step or (scope.timeout and node.text in TIMEOUT_VALUES)):
        return False
    message = f"no step is called `{node.text}`"
    steps = listed([step.name for step in scope.visible])
    hint = did_you_mean(near) if is_near else f"the steps are {steps}"
    fix = renamed(node.text, [step.name for step in scope.visible], node.span) if is_near else None
    context.report.error("CEP205", message, node.span, hint, fix=fix)
    return True


# ---- fields ----


def member_of(context: Context, target: EventTarget, name: str, span: Span, scope: Scope) -> Expression:
    """``target.name`` for an event."""
    if target.loop is not None:
        item = field_of(context, target, name, span, scope)
        if isinstance(item, Field):
            return StepValues(target.loop, name, list_of(item.type), span=span)
        return item
    if target.reference is None:
        return poison(span)
    return field_of(context, target, name, span, scope)


def field_of(context: Context, target: EventTarget, name: str, span: Span, scope: Scope) -> Expression:
    """The field of an event; reported when none of its types can have it."""
    found = context.types.find(target.types, name)
    if not found.anywhere:
        return _no_field(context, target.types, name, span, scope)
    kind = found.type.or_null() if target.optional else found.type
    return Field(target.reference or Candidate(span=span), name, kind, span=span)


def _no_field(context: Context, types: Iterable[str | None], name: str, span: Span, scope: Scope) -> Expression:
    names = [str(t) for t in types]
    if not names:  # only absences: where nothing came there is no event
        message = f"there is no event to read `{name}` from: the pattern waits only for what does not come"
        what = f"the keys of the rule are known: {listed(list(scope.keys))}" if scope.keys else None
        context.report.error("CEP204", message, span, what or "name a step that has an event, or leave the field out")
        return poison(span)
    fields = context.types.field_names(names)
    known = [*fields, *scope.locals, *scope.parameters, *context.constants]
    hint = did_you_mean(closest(name, known))
    if hint is None and name in TIME_NAMES:
        hint = "the time of any event `e` is `time(e)`"
    elif hint is None and fields:
        hint = f"it has {listed(fields[:8])}{' and more' if len(fields) > 8 else ''}"
    related = tuple(
        (context.types.declared[t].span, f"`{t}` is declared here") for t in names if t in context.types.declared
    )
    message = f"no field `{name}` in {listed(names, 'or')}"
    context.report.error("CEP204", message, span, hint, related, renamed(name, known, span.last(len(name))))
    return poison(span)
