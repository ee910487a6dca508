"""Operators that put their first moves into the generated loop, so that most events cost no call. Plan layer.

An operator may give, for an event type, an :class:`Inlined`: statements that do what its receiver does, for the moves
that are frequent and simple; for all others they call it. The loop of :mod:`cep.plan.generate.typed` takes them in
where every rule that reads the type gives some, and there are few; else it calls receivers.

The statements are a constant text of ours, never of a rule. They see

=============  =====================================================================================
``e``          the event, which meets a condition of the rule
``key``        its key, as the generated key function gives it; here always a text, a tuple of texts, or ``()``
``u``          its time in microseconds; ``e.time_us`` is the same
``mask``       its mask
``receive``    the operator's receiver
``derived``    null; to be set to what the receiver would have given
=============  =====================================================================================

and the objects of ``names``. Their own variables are theirs until they end. An event whose key is anything else goes
to the receiver.

An operator that has no use for many of the events that meet its conditions can say so by an expression over ``mask``,
``key`` and its names, which is asked before anything is done with the event.

The event is *unplaced*: its ``about`` is an :class:`Unplaced`, since most events that an operator keeps are forgotten
before anyone asks for their place. Who looks at more of a kept event than its time and the fields that rules read,
or hands it on (to an emitter, to a snapshot), calls :func:`place` first. So does a receiver that can be called from
here. The field that holds the event's time has no value until then.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from cep.event import Event, Origin
from cep.language.checked import CheckedKey
from cep.plan.intake import own_id

MOST_INLINED = 4
"""Of a type that more rules read, the mask finds the few that want the event faster."""


@dataclass(frozen=True, slots=True)
class Inlined:
    """What an operator does with an event of one type, for the generated loop.

    ``reads`` are the bits that it looks at, ``keys`` those of its rule. ``receive`` takes unplaced events, too.
    ``skip`` holds for events that change nothing, null: it cannot be told before; it is asked where this is cheaper.
    """

    reads: int
    keys: tuple[CheckedKey, ...]
    receive: Callable[[Event, int], Any]
    body: str
    names: Mapping[str, object] = field(default_factory=dict)
    skip: str | None = None


class Unplaced:
    """In place of an event's ``about``: what that is made from, shared by the events of a type in a batch.

    The attribute of the event's time holds its index in the batch meanwhile.
    """

    __slots__ = ("id_attribute", "origin", "positions", "time_attribute")

    def __init__(self, origin: Origin, positions: Sequence[int], time_attribute: str, id_attribute: str | None) -> None:
        self.origin = origin
        self.positions = positions
        self.time_attribute = time_attribute
        self.id_attribute = id_attribute


def place(event: Event) -> None:
    """Give an event of the generated loop its ``about`` and the field with its time; any other is left as it is."""
    unplaced = event.about
    if unplaced.__class__ is Unplaced:
        index = getattr(event, unplaced.time_attribute)
        setattr(event, unplaced.time_attribute, event.time_us)
        own = None if unplaced.id_attribute is None else own_id(getattr(event, unplaced.id_attribute))
        event.about = (unplaced.origin, unplaced.positions[index], own, None)


def statements(text: str, names: Mapping[str, ast.expr]) -> list[ast.stmt]:
    """The statements of a constant text of ours, with nodes for some of its names."""
    module = _Filled(names).visit(ast.parse(text))
    body: list[ast.stmt] = module.body
    return body


def expression(text: str, names: Mapping[str, ast.expr]) -> ast.expr:
    """The expression of a constant text of ours, with nodes for some of its names."""
    filled: ast.expr = _Filled(names).visit(ast.parse(text, mode="eval").body)
    return filled


class _Filled(ast.NodeTransformer):
    def __init__(self, names: Mapping[str, ast.expr]) -> None:
        self._names = names

    def visit_Name(self, node: ast.Name) -> ast.expr:
        return self._names.get(node.id, node)
