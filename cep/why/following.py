"""Following the alignments of one key through its events: a beam, and the results at its end. Why layer.

What an alignment is, and what a fault costs, stands in :mod:`cep.why.alignments`. An event that an alignment can take
without a fault is taken, as the operator's runs take it; only where none can be taken do faults open a way.
"""

from __future__ import annotations

from collections.abc import Sequence

from cep.plan.automaton import Edge
from cep.runtime.operators.moves import View
from cep.why.alignments import MISSING, Alignment, Fault, Judge, Result, Tried
from cep.why.watching import Offered

_PENDING = 0.1
_MOST_RESULTS = 120
_MOST_TRIED = 40
_LONG_OVER = 3
"""After so many times `within` an alignment is followed no further where there are many."""


class Follower:
    """Follows the alignments of one key. ``most`` bounds them: half without faults, half with."""

    def __init__(self, judge: Judge, within_us: int | None, every: bool, most: int = 120) -> None:
        self._judge = judge
        self._within_us = within_us
        self._every = every
        self._most = most
        self.living: list[Alignment] = []
        self.results: list[Result] = []
        self.started = False

    def suppose(self, alignment: Alignment) -> None:
        """A run that begins without an event."""
        self.started = True
        self._settle(alignment, None)

    def follow(self, offered: Offered) -> None:
        """The next event of the key."""
        judge = self._judge
        view = judge.view_of(offered.kind)
        now_us = offered.event.time_us
        self.pass_time(now_us)
        living, self.living = self.living, []
        for alignment in living:
            self._offer(alignment, view, offered)
        for edge, role in view.start:
            faults = judge.start_faults(edge, role, offered)
            if faults is not None:
                self.started = self.started or not faults
                self._settle(judge.start(edge, offered, faults), now_us)
        self._bound(now_us)

    def _offer(self, alignment: Alignment, view: View, offered: Offered) -> None:
        judge = self._judge
        seen = view.places[alignment.run.place]
        now_us = offered.event.time_us
        ended = None if offered.fate else judge.stop(alignment, seen, offered)
        options = [
            (edge, faults)
            for edge, role in seen.edges
            if (faults := judge.faults(alignment, edge, role, offered)) is not None
        ]
        free = [edge for edge, faults in options if not faults]
        if free and ended is None:
            taken = [judge.take(alignment, edge, offered, ()) for edge in free]
            if all(judge.stays(alignment, edge) for edge in free):
                judge.pass_by(alignment, seen, offered)
                self.living.append(alignment)
            for successor in _distinct(taken):
                self._settle(successor, now_us)
            return
        best: dict[int, tuple[float, Edge, list[Fault]]] = {}
        for edge, faults in options:
            cost = sum(fault.cost for fault in faults)
            if edge.target not in best or cost < best[edge.target][0]:
                best[edge.target] = (cost, edge, faults)
        self._note_tried(alignment, offered, best)
        for cost, edge, faults in best.values():
            if cost < MISSING and len(alignment.faults) < 4:  # else it is cheaper not to take it
                self._settle(judge.take(alignment, edge, offered, faults), now_us)
        if ended is not None:
            self.results.append(Result(alignment, (*alignment.faults, ended), alignment.path, now_us))
            return
        if not offered.fate:
            judge.pass_by(alignment, seen, offered)
            self._after_pass(alignment, now_us)
        else:
            self.living.append(alignment)

    @staticmethod
    def _note_tried(alignment: Alignment, offered: Offered, best: dict[int, tuple[float, Edge, list[Fault]]]) -> None:
        alignment.tried += [Tried(offered, step, tuple(faults)) for step, (_, _, faults) in best.items()]
        if len(alignment.tried) > 2 * _MOST_TRIED:
            alignment.tried.sort(key=lambda tried: (tried.cost, -tried.offered.event.time_us))
            del alignment.tried[_MOST_TRIED:]

    def _after_pass(self, alignment: Alignment, now_us: int) -> None:
        """A run that waits for a time and may have been spoiled."""
        finish = alignment.waits
        if finish is not None and finish.watches & alignment.run.spoiled:
            alignment.waits = None
            for bit, spoiler in alignment.spoilers.items():
                if finish.watches & bit:
                    label = self._judge.automaton.watches[bit.bit_length() - 1].label
                    deadline_us = self._judge.end_us(finish, alignment.run)
                    fault = Fault("absence", 1.0, spoiler, limit_us=deadline_us, label=label)
                    self._add(Result(alignment, (*alignment.faults, fault), (), now_us))
                    break
            if not self._judge.automaton.places[alignment.run.place].edges:
                return
        self.living.append(alignment)

    def _settle(self, alignment: Alignment, now_us: int | None) -> None:
        """After an alignment took an event: it is complete, waits, or goes on."""
        judge = self._judge
        run = alignment.run
        finish = judge.finish(judge.automaton, run)
        if finish is None:
            self.living.append(alignment)
            return
        end_us = run.last.event.time_us if now_us is None else now_us
        closed = (
            finish.when == "until"
            and finish.until is not None
            and (bool(run.registers[finish.until]) or not judge.can_grow(judge.automaton, run, finish.until))
        )
        if finish.when == "at_once" or closed:
            faults = judge.completion_faults(alignment, finish)
            self._add(Result(alignment, (*alignment.faults, *faults), (), end_us, True))
            if not faults and not (self._every and finish.goes_on):
                return
            if judge.can_go_on(judge.automaton, run):
                self.living.append(alignment)
            return
        alignment.waits = finish
        self.living.append(alignment)

    def pass_time(self, now_us: int) -> None:
        """What waits for a deadline before this time is complete."""
        judge = self._judge
        kept: list[Alignment] = []
        for alignment in self.living:
            finish = alignment.waits
            end_us = None if finish is None else judge.end_us(finish, alignment.run)
            if finish is None or end_us is None or end_us >= now_us:
                kept.append(alignment)
                continue
            faults = judge.completion_faults(alignment, finish)
            self._add(Result(alignment, (*alignment.faults, *faults), (), end_us, True))
            alignment.waits = None
            if faults or judge.can_go_on(judge.automaton, alignment.run):
                kept.append(alignment)
        self.living = kept

    def end(self, watermark_us: int | None) -> list[Result]:
        """After the last event: all results, the nearest first."""
        judge = self._judge
        if watermark_us is not None:
            self.pass_time(watermark_us)
        for alignment in self.living:
            finish = alignment.waits
            if finish is not None:
                limit_us = judge.end_us(finish, alignment.run)
                fault = Fault("pending", _PENDING, limit_us=limit_us, label=finish.awaited or "")
                faults = [fault, *judge.completion_faults(alignment, finish)]
                self._add(Result(alignment, (*alignment.faults, *faults), (), alignment.since))
            elif alignment.path:
                self._add(Result(alignment, alignment.faults, alignment.path, alignment.since))
        return sorted(self.results, key=_order)

    def _add(self, result: Result) -> None:
        self.results.append(result)
        if len(self.results) > 2 * _MOST_RESULTS:
            perfect = [each for each in self.results if not each.faults and not each.missing]
            others = [each for each in self.results if each.faults or each.missing]
            self.results = sorted(others, key=_order)[:_MOST_RESULTS] + perfect[-_MOST_RESULTS:]

    def _bound(self, now_us: int) -> None:
        """Of too many the dearest and oldest go."""
        half = self._most // 2
        if len(self.living) <= half:
            return
        sound = [each for each in self.living if not each.faults and not self._is_over(each, now_us)]
        other = [each for each in self.living if each.faults or self._is_over(each, now_us)]
        long_over = [each for each in other if self._is_over(each, now_us, _LONG_OVER)]
        for each in long_over:
            if each.path:
                self._add(Result(each, each.faults, each.path, each.since))
        other = [each for each in other if not self._is_over(each, now_us, _LONG_OVER)]
        other.sort(key=lambda each: (round(each.price, 3), -each.since))
        self.living = [*sound[-self._most :], *_diverse(other, half)]
        self.living.sort(key=lambda each: each.run.start.serial)

    def _is_over(self, alignment: Alignment, now_us: int, times: int = 1) -> bool:
        """Whether `within`, or so many times as much, has passed since its start."""
        within_us = self._within_us
        if within_us is None or alignment.waits is not None:
            return False
        return bool(alignment.run.start.time_us < now_us - times * within_us)


def _order(result: Result) -> tuple[float, int]:
    return round(result.cost, 4), -result.end_us


def _distinct(alignments: Sequence[Alignment]) -> list[Alignment]:
    return list({(each.run.place, each.run.registers): each for each in reversed(alignments)}.values())[::-1]


def _diverse(alignments: Sequence[Alignment], most: int) -> list[Alignment]:
    """The first ones, but only a few of each start."""
    counts: dict[int, int] = {}
    chosen: list[Alignment] = []
    for each in alignments:
        start = each.run.start.serial
        counts[start] = counts.get(start, 0) + 1
        if counts[start] <= 6:
            chosen.append(each)
            if len(chosen) >= most:
                break
    return chosen
