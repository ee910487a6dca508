"""A layered layout, from left to right. Drawing layer.

After K. Sugiyama, S. Tagawa and M. Toda, "Methods for visual understanding of hierarchical system structures", 1981.
Nodes are ranked by the longest way to them, long edges get a waypoint in each rank between, the order within a rank is
improved by medians of neighbours and by exchanging neighbours until no sweep makes the crossings fewer, and places
within a rank are the least squares of the distances to their neighbours under the order found (by pooling adjacent
violators, which solves that exactly for one rank). Parts that nothing joins are laid out by themselves, one below the
other. Edges that lead back are not placed, :func:`leading_back` finds them. The same input gives the same picture.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

Point = tuple[float, float]

RANK_GAP = 58.0
"""Pixels between two ranks."""
NODE_GAP, WAY_GAP, PART_GAP = 18.0, 10.0, 34.0
"""Pixels between two nodes of a rank, between waypoints, and between parts."""
_SWEEPS = 24
_PLACINGS = 12


@dataclass(frozen=True, slots=True)
class Box:
    """A node to place: width and height in pixels."""

    id: str
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Line:
    """An edge to place. All of them together must lead in no circle."""

    source: str
    target: str


@dataclass(frozen=True, slots=True)
class Layout:
    """Centres of the nodes, and for each edge by its number the points it goes through, from its source on."""

    centres: Mapping[str, Point]
    ways: Mapping[int, tuple[Point, ...]]
    width: float
    height: float


@dataclass(slots=True)
class _Item:
    """A node or a waypoint within its rank."""

    height: float
    width: float = 0.0
    rank: int = 0
    before: list[int] = field(default_factory=list)
    after: list[int] = field(default_factory=list)
    is_way: bool = False
    y: float = 0.0


def layout(boxes: Sequence[Box], lines: Sequence[Line]) -> Layout:
    """Places for all of them. ``lines`` name boxes by their id."""
    centres: dict[str, Point] = {}
    ways: dict[int, tuple[Point, ...]] = {}
    width = height = 0.0
    for part in _parts(boxes, lines):
        inside = {box.id for box in part}
        placed = _Part(part, {n: line for n, line in enumerate(lines) if line.source in inside})
        top = height + (PART_GAP if height else 0.0)
        centres |= {name: (x, y + top) for name, (x, y) in placed.centres.items()}
        ways |= {n: tuple((x, y + top) for x, y in points) for n, points in placed.ways.items()}
        width, height = max(width, placed.width), top + placed.height
    return Layout(centres, ways, width, height)


def leading_back(nodes: Sequence[str], edges: Sequence[tuple[str, str]]) -> set[int]:
    """The numbers of the edges that close a circle, found depth first in the order of the nodes.

    An edge from a node to itself is one. Without them the others lead in no circle.
    """
    leaving: dict[str, list[int]] = {}
    for number, (source, _) in enumerate(edges):
        leaving.setdefault(source, []).append(number)
    done: dict[str, bool] = {}
    back: set[int] = set()
    for start in nodes:
        if start in done:
            continue
        done[start] = False
        path = [(start, iter(leaving.get(start, ())))]
        while path:
            node, numbers = path[-1]
            edge = next(numbers, None)
            if edge is None:
                done[node] = True
                path.pop()
                continue
            target = edges[edge][1]
            if target not in done:
                done[target] = False
                path.append((target, iter(leaving.get(target, ()))))
            elif not done[target]:
                back.add(edge)
    return back


def _parts(boxes: Sequence[Box], lines: Sequence[Line]) -> list[list[Box]]:
    """What hangs together, in the order of the first node of each."""
    part = {box.id: box.id for box in boxes}

    def root(name: str) -> str:
        while part[name] != name:
            part[name] = part[part[name]]
            name = part[name]
        return name

    for line in lines:
        part[root(line.source)] = root(line.target)
    found: dict[str, list[Box]] = {}
    for box in boxes:
        found.setdefault(root(box.id), []).append(box)
    return list(found.values())


class _Part:
    """The layout of one connected part; its top left corner is (0, 0)."""

    def __init__(self, boxes: Sequence[Box], lines: Mapping[int, Line]) -> None:
        self._number = {box.id: index for index, box in enumerate(boxes)}
        self._items = [_Item(box.height, box.width) for box in boxes]
        self._boxes = boxes
        self._lines = {n: (self._number[line.source], self._number[line.target]) for n, line in lines.items()}
        self._rank()
        self._chains = {n: self._chain(n) for n in self._lines}
        self._ranks = self._initial_order()
        self._uncross()
        self._place()
        self._results()

    # ---- ranks ----

    def _rank(self) -> None:
        """The longest way to each node; what nothing leads to moves right up to what it leads to."""
        after: dict[int, list[int]] = {n: [] for n in range(len(self._items))}
        waiting = dict.fromkeys(after, 0)
        for number in self._lines:
            source, target = self._lines[number]
            after[source].append(target)
            waiting[target] += 1
        firsts = [node for node, count in waiting.items() if not count]
        ready = list(firsts)
        for node in ready:  # grows while it is gone through
            for target in after[node]:
                self._items[target].rank = max(self._items[target].rank, self._items[node].rank + 1)
                waiting[target] -= 1
                if not waiting[target]:
                    ready.append(target)
        for node in firsts:
            if after[node]:
                self._items[node].rank = min(self._items[target].rank for target in after[node]) - 1

    def _chain(self, number: int) -> list[int]:
        """The items that an edge goes through, waypoints made for it, from left to right."""
        source, target = self._lines[number]
        chain = [source]
        for rank in range(self._items[source].rank + 1, self._items[target].rank):
            self._items.append(_Item(WAY_GAP, 0.0, rank, is_way=True))
            chain.append(len(self._items) - 1)
        chain.append(target)
        for left, right in pairwise(chain):
            self._items[left].after.append(right)
            self._items[right].before.append(left)
        return chain

    # ---- order ----

    def _initial_order(self) -> list[list[int]]:
        """Depth first from the nodes that come first, so that what belongs together starts out together."""
        ranks: list[list[int]] = [[] for _ in range(max(item.rank for item in self._items) + 1)]
        seen: set[int] = set()
        order = sorted(range(len(self._items)), key=lambda n: (self._items[n].rank, n))
        for start in order:
            path = [start]
            while path:
                node = path.pop()
                if node in seen:
                    continue
                seen.add(node)
                ranks[self._items[node].rank].append(node)
                path += [n for n in reversed(self._items[node].after) if n not in seen]
        return ranks

    def _uncross(self) -> None:
        best, fewest = [list(rank) for rank in self._ranks], self._crossings()
        unchanged = 0
        for sweep in range(_SWEEPS):
            if not fewest or unchanged > 5:
                break
            self._sweep(down=sweep % 2 == 0)
            self._exchange()
            crossings = self._crossings()
            unchanged += 1
            if crossings < fewest:
                best, fewest, unchanged = [list(rank) for rank in self._ranks], crossings, 0
        self._ranks = best

    def _sweep(self, down: bool) -> None:
        ranks = self._ranks[1:] if down else self._ranks[-2::-1]
        for rank in ranks:
            position = self._positions()
            key = {n: self._median(n, position, down) for n in rank}
            fixed = iter(sorted((n for n in rank if key[n] is not None), key=lambda n: key[n] or 0.0))
            rank[:] = [n if key[n] is None else next(fixed) for n in rank]

    def _median(self, number: int, position: Mapping[int, int], down: bool) -> float | None:
        item = self._items[number]
        places = sorted(position[n] for n in (item.before if down else item.after))
        if not places:
            return None
        middle = len(places) // 2
        return float(places[middle]) if len(places) % 2 else (places[middle - 1] + places[middle]) / 2

    def _positions(self) -> dict[int, int]:
        return {number: place for rank in self._ranks for place, number in enumerate(rank)}

    def _exchange(self) -> None:
        """Exchanges neighbours as long as that makes crossings fewer."""
        for rank in self._ranks:
            position = self._positions()
            improved = True
            while improved:
                improved = False
                for place in range(len(rank) - 1):
                    upper, lower = rank[place], rank[place + 1]
                    if self._between(lower, upper, position) < self._between(upper, lower, position):
                        rank[place], rank[place + 1] = lower, upper
                        improved = True

    def _between(self, upper: int, lower: int, position: Mapping[int, int]) -> int:
        """Crossings of the edges of two neighbours in one rank, if the first stands above the second."""
        a, b = self._items[upper], self._items[lower]
        count = 0
        for mine, other in ((a.before, b.before), (a.after, b.after)):
            count += sum(position[m] > position[o] for m in mine for o in other)
        return count

    def _crossings(self) -> int:
        position = self._positions()
        count = 0
        for rank in self._ranks:
            ends = [position[target] for n in rank for target in sorted(self._items[n].after, key=position.__getitem__)]
            count += _inversions(ends)
        return count

    # ---- places ----

    def _place(self) -> None:
        for rank in self._ranks:
            y = 0.0
            for number in rank:
                self._items[number].y = y + self._items[number].height / 2
                y += self._items[number].height + self._gap(number)
        for turn in range(_PLACINGS):
            ranks = self._ranks if turn % 2 == 0 else self._ranks[::-1]
            for rank in ranks:
                self._align(rank, turn)

    def _gap(self, number: int) -> float:
        return WAY_GAP if self._items[number].is_way else NODE_GAP

    def _align(self, rank: Sequence[int], turn: int) -> None:
        """Each as near to the middle of its neighbours as the others let it."""
        offsets, wishes, weights = [], [], []
        offset = 0.0
        for place, number in enumerate(rank):
            item = self._items[number]
            if place:
                above = self._items[rank[place - 1]]
                offset += (above.height + item.height) / 2 + max(self._gap(number), self._gap(rank[place - 1]))
            near = item.before + item.after if turn > 1 else (item.before if turn == 0 else item.after)
            wish = sum(self._items[n].y for n in near) / len(near) if near else item.y
            offsets.append(offset)
            wishes.append(wish - offset)
            weights.append(4.0 if item.is_way else 1.0 + len(near) * 0.2)
        for number, y, offset in zip(rank, _isotonic(wishes, weights), offsets, strict=True):
            self._items[number].y = y + offset

    def _results(self) -> None:
        top = min(item.y - item.height / 2 for item in self._items)
        x = 0.0
        lefts, rights, centres = [], [], []
        for rank in self._ranks:
            width = max((self._items[n].width for n in rank), default=0.0)
            lefts.append(x)
            centres.append(x + width / 2)
            rights.append(x + width)
            x += width + RANK_GAP
        self.width = rights[-1]
        self.height = max(item.y + item.height / 2 for item in self._items) - top
        self.centres = {box.id: (centres[self._items[n].rank], self._items[n].y - top) for box, n in self._numbered()}
        self.ways: dict[int, list[Point]] = {}
        for number, chain in self._chains.items():
            points = [self._port(chain[0], centres, right=True)]
            for way in chain[1:-1]:
                item = self._items[way]
                points += [(lefts[item.rank], item.y), (rights[item.rank], item.y)]
            points.append(self._port(chain[-1], centres, right=False))
            self.ways[number] = [(px, py - top) for px, py in points]

    def _numbered(self) -> list[tuple[Box, int]]:
        return [(box, self._number[box.id]) for box in self._boxes]

    def _port(self, number: int, centres: Sequence[float], right: bool) -> Point:
        item = self._items[number]
        return (centres[item.rank] + (item.width / 2 if right else -item.width / 2), item.y)


def _inversions(values: Sequence[int]) -> int:
    """How many pairs stand in the wrong order; merge sort, n log n."""
    if len(values) < 2:
        return 0
    middle = len(values) // 2
    left, right = list(values[:middle]), list(values[middle:])
    count = _inversions(left) + _inversions(right)
    left.sort()
    right.sort()
    place = 0
    for value in right:
        while place < len(left) and left[place] <= value:
            place += 1
        count += len(left) - place
    return count


def _isotonic(wishes: Sequence[float], weights: Sequence[float]) -> list[float]:
    """The rising values nearest to the wishes, by weighted least squares."""
    blocks: list[tuple[float, float, int]] = []
    for wish, weight in zip(wishes, weights, strict=True):
        value, total, size = wish, weight, 1
        while blocks and blocks[-1][0] > value:
            other, other_weight, other_size = blocks.pop()
            value = (value * total + other * other_weight) / (total + other_weight)
            total, size = total + other_weight, size + other_size
        blocks.append((value, total, size))
    return [value for value, _, size in blocks for _ in range(size)]
