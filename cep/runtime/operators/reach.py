"""Which of the runs at a place an event can matter to, by the age of their last event. Runtime layer.

The runs of a place stand in the order in which their last events came, and what an edge or an absence asks of time is
mostly asked of that event: `after 1 minute`, `within 30 seconds`, `no B for D`. So those that an event can take on, or
spoil, are found from one end of the list, and an event does not touch the runs for which it comes too early or too
late. What is asked of the start of a part is tested run by run.
"""

from __future__ import annotations

from collections.abc import Iterable, Reversible
from dataclasses import dataclass

from cep.plan.automaton import Edge, Watch
from cep.runtime.operators.moves import PlaceView, View
from cep.runtime.operators.runs import Run


@dataclass(frozen=True, slots=True)
class Reach:
    """The runs of a place whose last event is at least ``least_us`` and at most ``most_us`` (null: any) old."""

    place: int
    least_us: int = 0
    most_us: int | None = None

    def within_reach(self, runs: dict[Run, None], now_us: int) -> Iterable[Run]:
        """Those of the runs of the place that are of that age, in their order."""
        least_us, most_us = self.least_us, self.most_us
        if most_us is None:
            return runs if not least_us else _until(runs, now_us - least_us)
        if least_us:  # the older ones have mostly gone when their time was over
            since_us = now_us - most_us
            return [run for run in _until(runs, now_us - least_us) if run.last.event.time_us >= since_us]
        found = _down_to(runs, now_us - most_us)
        found.reverse()
        return found


def _until(runs: Iterable[Run], last_us: int) -> list[Run]:
    found: list[Run] = []
    for run in runs:
        if run.last.event.time_us > last_us:
            break
        found.append(run)
    return found


def _down_to(runs: Reversible[Run], first_us: int) -> list[Run]:
    found: list[Run] = []
    for run in reversed(runs):
        if run.last.event.time_us < first_us:
            break
        found.append(run)
    return found


def reach_of(number: int, place: PlaceView, mask: int) -> Reach | None:
    """The reach of an event with this mask at a place, as :class:`PlaceView` sees it; null where it does not matter."""
    if place.strict or any(role.bit & mask for _, role, _ in place.stops):
        return Reach(number)
    spans = [_edge_span(edge) for edge, role in place.edges if role.bit & mask]
    spans += [
        _zone(watch)
        for _, _, watch, role, inner in place.watches
        if (role is not None and role.bit & mask) or (inner is not None and _interest(inner) & mask)
    ]
    if not spans:
        return None
    ends = [most_us for _, most_us in spans if most_us is not None]
    return Reach(number, min(least_us for least_us, _ in spans), max(ends) if len(ends) == len(spans) else None)


def _edge_span(edge: Edge) -> tuple[int, int | None]:
    """The ages of the last event at which the edge may be taken, as far as they follow from that event."""
    least_us = edge.minimum_us if edge.quiet_us is None else max(edge.minimum_us, edge.quiet_us + 1)
    ends = [opening.base_us + opening.length_us for opening in edge.opens if opening.base_us is not None]
    return least_us, min(ends, default=None)


def _zone(watch: Watch) -> tuple[int, int | None]:
    return watch.after_us + 1 if watch.after_us else 0, watch.until_us


def _interest(view: View) -> int:
    bits = 0
    for _, role in view.start:
        bits |= role.bit
    for place in view.places.values():
        bits |= place.interest
    return bits
