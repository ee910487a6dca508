"""What names mean at one place of a rule. Language layer.

A :class:`Scope` is made by the checker of the clause (a step's condition, ``where``, ``emit``, a window's ``when``, …)
and changed on the way down by lambdas, aggregates and definitions. It answers no questions itself; see ``names``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal as OneOf

from cep.diagnostics import NOWHERE, Span
from cep.language.checked import CheckedKey, Expression
from cep.language.expressions.event_types import EventTypes
from cep.language.report import Report
from cep.types import Type


@dataclass(frozen=True, slots=True)
class StepInfo:
    """A step of a pattern, or an input of a window rule, as expressions see it.

    ``loops`` are the loops around it that can take more than one event, outermost first. ``optional``: a complete match
    may be without it. ``absent`` says why it binds nothing (``no`` or ``until``), null for ordinary steps.
    ``automatic``: the name was not given by ``as``. ``is_candidate``: the only input of a rule over windows.
    ``is_row``: the row of a table that a rule looks up, which is no event.
    """

    name: str
    types: tuple[str | None, ...]
    loops: tuple[int, ...] = ()
    optional: bool = False
    absent: OneOf["no", "until"] | None = None
    automatic: bool = False
    is_candidate: bool = False
    is_row: bool = False
    span: Span = NOWHERE


@dataclass(frozen=True, slots=True)
class Scope:
    """What names mean at one place.

    ``kind`` decides the order in which a bare name is looked up: ``constant`` knows constants only, ``condition`` the
    candidate's fields, ``match`` keys and fields of the only step, ``window`` keys and fields of the evaluated event.
    ``place`` is what messages call it. ``candidate`` are the types of the event that bare names are fields of.

    ``bound`` are the steps that are bound when the expression is evaluated (null: all). ``own`` is the step whose
    condition this is and ``own_loops`` the loops around it.

    ``aggregates`` says over what they may range: nothing, the ``steps`` that they name, a window of their ``own``, or
    ``all`` events of the match or window. ``edges`` (``first`` and ``last`` without an argument), ``previous``,
    ``windowed`` (``window.start``), ``crosses``, ``own_windows`` (``sum(x over last 5 events)``) and ``timeout`` say
    what else may be read. ``within`` names the aggregate around the expression, ``ranging`` the step that it ranges
    over. ``joined``: two inputs are joined, so that no event is the only candidate.

    ``open_steps`` and ``open_keys``: the clause that gives the steps (inputs) or the keys could not be read, so that
    a name which nothing else knows may be one of them. The only step then is one of unknown type.
    """

    kind: OneOf["constant", "condition", "match", "window"]
    place: str
    candidate: tuple[str | None, ...] = ()
    steps: Mapping[str, StepInfo] = field(default_factory=dict)
    bound: frozenset[str] | None = None
    own: str | None = None
    own_loops: tuple[int, ...] = ()
    keys: Mapping[str, CheckedKey] = field(default_factory=dict)
    parameters: Mapping[str, Expression] = field(default_factory=dict)
    locals: Mapping[str, Type] = field(default_factory=dict)
    aggregates: OneOf["none", "steps", "own", "all"] = "none"
    edges: bool = False
    previous: bool = False
    windowed: bool = False
    crosses: bool = False
    own_windows: bool = False
    timeout: bool = False
    within: str | None = None
    ranging: str | None = None
    joined: bool = False
    open_steps: bool = False
    open_keys: bool = False

    @property
    def visible(self) -> tuple[StepInfo, ...]:
        """The steps that bind an event."""
        return tuple(step for step in self.steps.values() if step.absent is None)

    @property
    def all_types(self) -> tuple[str | None, ...]:
        """The types of all events of the match, or of the window."""
        if self.kind == "match" or (self.kind == "window" and self.joined):
            return tuple(dict.fromkeys(t for step in self.visible for t in step.types))
        if self.kind == "condition" and self.steps:
            earlier = (t for step in self.visible for t in step.types)
            return tuple(dict.fromkeys([*self.candidate, *earlier]))
        return self.candidate

    def with_local(self, name: str, kind: Type) -> Scope:
        """The same inside a lambda."""
        return replace(self, locals={**self.locals, name: kind})


@dataclass(frozen=True, slots=True)
class Context:
    """What all expressions of a set of rules share."""

    report: Report
    types: EventTypes
    constants: dict[str, Expression] = field(default_factory=dict)
    broken: set[str] = field(default_factory=set)
    tables: set[str] = field(default_factory=set)
