"""A joined event: the events and rows that a rule evaluates as one. Runtime layer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from cep.event import Event


class JoinedEvent(Event, gc=False):
    """What enters the window of a rule that joins or looks up.

    ``time_us`` is when it came to be: the time of its latest event, or the deadline of what found no partner. ``about``
    is that of the event that completed it. ``roles`` are its parts in the order of the rule: an event, the columns of a
    row (empty where none was found), or null where a `left join` found no partner. ``key`` is the rule's key.
    """

    roles: Any = ()
    key: Any = None

    @property
    def events(self) -> list[Event]:
        """The events among its parts."""
        return [part for part in self.roles if isinstance(part, Event)]


def evidence_of(labels: Sequence[str], joined: Event) -> Iterator[tuple[str, Event]]:
    """The events of a joined event with the labels of their roles. Rows of tables are no events."""
    assert isinstance(joined, JoinedEvent)
    for label, part in zip(labels, joined.roles, strict=True):
        if isinstance(part, Event):
            yield label, part


def completing(event: Event) -> Event:
    """The event that completed a joined event; an event itself."""
    if not isinstance(event, JoinedEvent):
        return event
    return next(part for part in event.events if part.about is event.about)
