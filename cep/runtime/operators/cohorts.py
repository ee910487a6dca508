"""Cohorts: the readings of a key that react alike to all further events, as one node each. Runtime layer.

A *node* is an event bound to a step, together with all the ways in which a reading may have come there; a path from a
node back to a start is one reading. A *cohort* holds the nodes whose readings stand at the same place with the same
registers. The graph is that of Bucchi et al., "CORE: a complex event recognition engine" (PVLDB 2022), which in turn
compresses the shared versioned buffers of SASE+: an event that moves a cohort makes one node, however many readings
there are, and matches are listed only when they complete.

What came before a node is a *part*, or several: the first so many nodes of a list. The list of a cohort is only
appended to, so a cohort that stays where it is goes on with the list whose beginning its successors refer to. Starts
that are out of `within` or dropped by a limit are passed over by the newest start of each node, and what only they hold
is forgotten by :meth:`KeyCohorts.rebuild`, which runs once as many nodes were made as there are: a constant per node.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from cep.event import Event
from cep.plan.automaton import Registers
from cep.runtime.state import EventTable, pack_value, unpack_value

Part = tuple[list["Node"], int]
"""The first so many nodes of a list."""

Token = tuple[int, int, int]
"""Readings of one key compare in the order of start and preference as the lists of their nodes' tokens do."""

_FIRST_SWEEP = 64


class Stand(NamedTuple):
    """Where readings stand. ``full``: their loops may take no more events (the limit ``loop_events``)."""

    place: int
    registers: Registers
    passed: bool
    spoiled: int
    full: bool = False


class Node:
    """One event bound to a step, by all readings that reached the same stand by it; a start has no ``parts``.

    ``newest`` and ``newest_us`` are number and time of the newest start of a reading; ``readings`` counts these and
    ``longest`` gives the events of the longest, both including what has expired since the last rebuild. ``token`` puts
    the readings in order: of two that differ, the one that took the event comes first, unless staying is preferred.
    """

    __slots__ = ("event", "longest", "newest", "newest_us", "parts", "readings", "serial", "step", "token")

    def __init__(self, event: Event, serial: int, step: int, token: Token) -> None:
        self.event = event
        self.serial = serial
        self.step = step
        self.token = token
        self.parts: tuple[Part, ...] = ()
        self.readings = 1
        self.newest = serial
        self.newest_us = event.time_us
        self.longest = 1

    def follow(self, cohorts: Sequence[Cohort]) -> None:
        """The readings are those of the cohorts, as they are now, each with this event."""
        self.parts = tuple([(cohort.nodes, len(cohort.nodes)) for cohort in cohorts])
        last = cohorts[0] if len(cohorts) == 1 else max(cohorts, key=lambda cohort: cohort.newest)
        self.newest, self.newest_us = last.newest, last.newest_us
        self.readings = sum([cohort.readings for cohort in cohorts])
        self.longest = 1 + max([cohort.longest for cohort in cohorts])


def token_of(serial: int, rank: int, staying_first: bool) -> Token:
    """The token of a node: ``rank`` is the place of its edge among those that could be taken.

    Compare two readings at the first node where they differ. The one whose node is earlier took an event that the other
    passed over, and comes first; where staying is preferred it comes last, hence the later node then counts less.
    """
    return (1, -serial, rank) if staying_first else (0, serial, rank)


class Cohort:
    """Nodes whose readings stand at the same place. What it tells is over its nodes, as theirs is."""

    __slots__ = ("longest", "newest", "newest_us", "nodes", "readings")

    def __init__(self) -> None:
        self.nodes: list[Node] = []
        self.readings = 0
        self.newest = -1
        self.newest_us = 0
        self.longest = 0

    def add(self, node: Node) -> None:
        """One node more."""
        self.nodes.append(node)
        self.readings += node.readings
        if node.newest > self.newest:
            self.newest, self.newest_us = node.newest, node.newest_us
        if node.longest > self.longest:
            self.longest = node.longest


class KeyCohorts:
    """The readings of one key. ``degraded`` once a limit dropped something; ``cutoff``: starts before it are dropped.

    ``weights`` are (start, time, readings) for each start that lives, the oldest first; null where not known.
    ``oldest`` is a start such that no reading has an older one. ``counted`` is how many readings were alive when
    :meth:`bound` last looked, and perhaps some that are gone: ``gone`` are those among the cohorts' known to be.
    """

    __slots__ = ("cohorts", "counted", "cutoff", "degraded", "gone", "kept", "made", "oldest", "oldest_us", "weights")

    def __init__(self) -> None:
        self.cohorts: dict[Stand, Cohort] = {}
        self.degraded = False
        self.cutoff = 0
        self.oldest_us: int | None = None
        self.made = 0
        self.kept = 0
        self.oldest: Node | None = None
        self.weights: deque[tuple[int, int, int]] | None = None
        self.counted = 0
        self.gone = 0

    def is_live(self, node: Node | Cohort) -> bool:
        """Whether a reading of it is neither out of time nor dropped."""
        return node.newest >= self.cutoff and (self.oldest_us is None or node.newest_us >= self.oldest_us)

    def add(self, stand: Stand, node: Node) -> None:
        """A node whose readings stand there."""
        cohort = self.cohorts.get(stand)
        if cohort is None:
            cohort = self.cohorts[stand] = Cohort()
        cohort.add(node)
        self.made += 1
        if self.oldest is None:
            self.oldest = node

    def put(self, stand: Stand, cohort: Cohort) -> None:
        """A cohort that stands elsewhere than before. Each node is moved so at most once per absence and event."""
        known = self.cohorts.get(stand)
        if known is None:
            self.cohorts[stand] = cohort
        else:
            for node in cohort.nodes:
                known.add(node)

    def expire(self, oldest_us: int | None) -> None:
        """Starts before that time are out of `within`."""
        self.oldest_us = oldest_us
        if self.oldest is not None and self.is_live(self.oldest):
            return  # and so is everything else
        ended = [stand for stand, cohort in self.cohorts.items() if not self.is_live(cohort)]
        lost = sum([self.cohorts.pop(stand).readings for stand in ended])
        weights = self.weights
        if weights is None:
            return
        while weights and (weights[0][0] < self.cutoff or (oldest_us is not None and weights[0][1] < oldest_us)):
            self.gone += weights.popleft()[2]
        self.gone = max(0, self.gone - lost)  # no cohort counts them any more

    def sweep(self) -> None:
        """Forget what only expired starts hold, if there are any, once as much was made as there is."""
        if self.made > self.kept + _FIRST_SWEEP and (self.oldest is None or not self.is_live(self.oldest)):
            self.rebuild()

    # ---- what lives ----

    def nodes(self) -> list[Node]:
        """All nodes that a cohort reaches, in the order of their events."""
        found: dict[int, Node] = {}
        upto: dict[int, int] = {}
        waiting: list[Part] = [(cohort.nodes, len(cohort.nodes)) for cohort in self.cohorts.values()]
        while waiting:
            listed, count = waiting.pop()
            since = upto.get(id(listed), 0)
            if count <= since:
                continue
            upto[id(listed)] = count
            for node in listed[since:count]:
                if id(node) not in found:
                    found[id(node)] = node
                    if self.is_live(node):
                        waiting += node.parts
        return sorted(found.values(), key=lambda node: node.serial)

    def rebuild(self, used: frozenset[int] = frozenset(), ended: frozenset[int] = frozenset()) -> None:
        """Forget readings that are expired or dropped, that hold an event in ``used``, or are of a start in ``ended``.

        Events and starts by number. What nodes and cohorts tell of their readings is exact afterwards.
        """
        lists: dict[int, _Kept] = {}

        def kept(listed: list[Node], count: int) -> _Kept:
            known = lists.get(id(listed))
            if known is None:
                known = lists[id(listed)] = _Kept(listed)
            known.go_on(count)
            return known

        nodes = self.nodes()
        self.kept = 0
        oldest: Node | None = None
        for node in nodes:  # those before a node come before it, and of one list the shorter parts first
            if node.serial in used or not self.is_live(node):
                node.readings = 0
            elif not node.parts:
                node.readings = int(node.serial not in ended)
            else:
                self._narrow(node, [kept(listed, count) for listed, count in node.parts])
            self.kept += node.readings > 0
            if oldest is None and node.readings and not node.parts:
                oldest = node
        for stand, cohort in list(self.cohorts.items()):
            lasting = kept(cohort.nodes, len(cohort.nodes)).cohort
            if lasting.nodes:
                self.cohorts[stand] = lasting
            else:
                del self.cohorts[stand]
        self.made = 0
        self.gone = 0
        self.oldest = oldest
        self.weights = None

    def _narrow(self, node: Node, kept: Iterable[_Kept]) -> None:
        """What is left of a node."""
        lasting = [each.cohort for each in kept if each.cohort.nodes]
        if lasting:
            node.follow(lasting)
        else:
            node.readings = 0

    def weigh(self) -> None:
        """Find how many readings each start has. Only right after :meth:`rebuild`."""
        weights: dict[int, int] = {}
        for cohort in self.cohorts.values():
            for node in cohort.nodes:
                weights[id(node)] = weights.get(id(node), 0) + 1
        starts: dict[int, tuple[int, int]] = {}
        for node in reversed(self.nodes()):
            weight = weights[id(node)]
            if not node.parts:
                known = starts.get(node.serial, (0, 0))[1]
                starts[node.serial] = node.newest_us, known + weight
            for listed, count in node.parts:
                for before in listed[:count]:
                    weights[id(before)] = weights.get(id(before), 0) + weight
        self.weights = deque((serial, *starts[serial]) for serial in sorted(starts))

    def multiply(self, factor: int | None) -> None:
        """Each reading has become so many; null: not each the same number, so that the weights are not known."""
        if factor is None:
            self.weights = None
            self.gone = 0  # too many are counted then, until they are looked at
        elif factor != 1 and self.weights is not None:
            self.gone *= factor
            self.weights = deque([(serial, time_us, weight * factor) for serial, time_us, weight in self.weights])

    def bound(self, limit: int) -> int:
        """Drop the oldest starts until there are no more readings than that; how many starts went."""
        if self.count() <= limit:
            return 0
        if self.weights is None:
            self.rebuild()
            if self.count() <= limit:
                return 0
            self.weigh()
        dropped = 0
        while self.counted > limit and self._drop_first():
            dropped += 1
        if dropped:
            self.expire(self.oldest_us)
        return dropped

    def count(self) -> int:
        """How many readings are alive, kept in ``counted``."""
        self.counted = sum([cohort.readings for cohort in self.cohorts.values()]) - self.gone
        return self.counted

    def _drop_first(self) -> bool:
        if not self.weights:
            return False
        serial, _, weight = self.weights.popleft()
        self.gone += weight
        self.counted -= weight
        self.cutoff = serial + 1
        self.degraded = True
        return True

    def oldest_start(self) -> int | None:
        """The number of the oldest start, or one that is older than that."""
        if self.weights is not None:
            return self.weights[0][0] if self.weights else None
        return None if self.oldest is None else self.oldest.serial

    def drop_oldest(self) -> bool:
        """Drop the oldest start; false where it turned out that the oldest is another, or that there is none."""
        if self.weights is None:
            known = self.oldest_start()
            self.rebuild()
            self.weigh()
            if self.oldest_start() != known:
                self.count()
                return False
        dropped = self._drop_first()
        self.expire(self.oldest_us)
        return dropped

    # ---- complete readings ----

    def every_reading(self, complete: Sequence[Node], most: int) -> tuple[list[list[Node]], bool]:
        """The readings that end with these nodes, in order, ``most`` at the most; whether there are more."""
        found: list[list[Node]] = []
        waiting: list[tuple[Node, Any]] = [(node, None) for node in reversed(complete)]
        while waiting:
            node, later = waiting.pop()
            path = (node, later)
            if node.parts:
                for listed, count in reversed(node.parts):
                    waiting += [(each, path) for each in reversed(listed[:count]) if self.is_live(each)]
            elif len(found) == most:
                found.sort(key=lambda nodes: [each.token for each in nodes])
                return found, True
            else:
                found.append(list(_forward(path)))
        found.sort(key=lambda nodes: [each.token for each in nodes])
        return found, False

    def preferred_readings(self, complete: Sequence[Node], only_first: bool) -> list[list[Node]]:
        """Of each start the preferred reading that ends with one of these nodes, in order; or only that of the first.

        Every node that is found here leads on to the end, so the preferred reading takes the least token each time.
        """
        after: dict[int, list[Node]] = {}
        starts: dict[int, list[Node]] = {}
        waiting = list(complete)
        while waiting:
            node = waiting.pop()
            if not node.parts:
                starts.setdefault(node.serial, []).append(node)
            for listed, count in node.parts:
                for before in listed[:count]:
                    if id(before) in after:
                        after[id(before)].append(node)
                    elif self.is_live(before):
                        after[id(before)] = [node]
                        waiting.append(before)
        chosen = [min(starts)] if only_first else sorted(starts)
        return [list(_preferred(starts[serial], after)) for serial in chosen]

    # ---- snapshots ----

    def pack(self, table: EventTable) -> list[Any]:
        """The state as plain data: nodes and lists by number, so that what is shared stays shared."""
        nodes = self.nodes()
        numbers = {id(node): number for number, node in enumerate(nodes)}
        lists: dict[int, int] = {}
        rows: list[list[int]] = []

        def number(listed: list[Node]) -> int:
            if id(listed) not in lists:
                lists[id(listed)] = len(rows)
                rows.append([numbers[id(node)] for node in listed if id(node) in numbers])
            return lists[id(listed)]

        cohorts = [[_packed(stand), number(cohort.nodes)] for stand, cohort in self.cohorts.items()]
        node_rows = [
            [
                table.number(node.event), node.serial, node.step, list(node.token), node.newest, node.newest_us,
                pack_value(node.readings), node.longest,
                [[number(listed), count] for listed, count in node.parts] if self.is_live(node) else [],
            ]
            for node in nodes
        ]  # fmt: skip
        return [self.degraded, self.cutoff, self.oldest_us, node_rows, rows, cohorts]

    def copy(self) -> KeyCohorts:
        """The same readings of the same events, to try something on."""
        table = _Events()
        return self.unpack(self.pack(table), table)

    @classmethod
    def unpack(cls, row: list[Any], table: EventTable) -> KeyCohorts:
        """The state again, as :meth:`pack` gave it."""
        state = cls()
        state.degraded, state.cutoff, state.oldest_us, node_rows, list_rows, cohorts = row
        lists: list[list[Node]] = [[] for _ in list_rows]
        nodes: list[Node] = []
        for event, serial, step, token, newest, newest_us, readings, longest, parts in node_rows:
            node = Node(table.event(event), serial, step, tuple(token))
            node.newest, node.newest_us, node.longest = newest, newest_us, longest
            node.readings = unpack_value(readings)
            node.parts = tuple([(lists[number], count) for number, count in parts])
            nodes.append(node)
        for listed, numbers in zip(lists, list_rows, strict=True):
            listed += [nodes[number] for number in numbers]
        for (place, registers, passed, spoiled, full), number in cohorts:
            cohort = state.cohorts[Stand(place, tuple(registers), passed, spoiled, full)] = Cohort()
            for node in lists[number]:
                cohort.add(node)
            cohort.nodes = lists[number]
        state.kept = len(nodes)
        state.oldest = nodes[0] if nodes else None
        state.count()
        return state


class _Events(EventTable):
    """Events by number, which are not written anywhere."""

    def __init__(self) -> None:
        self._numbers: dict[int, int] = {}
        self._events: list[Event] = []


class _Kept:
    """The nodes of a list that are kept, as far as they are decided."""

    __slots__ = ("_listed", "_position", "cohort")

    def __init__(self, listed: list[Node]) -> None:
        self._listed = listed
        self._position = 0
        self.cohort = Cohort()

    def go_on(self, count: int) -> None:
        """Up to the first so many nodes of the list."""
        for node in self._listed[self._position : count]:
            if node.readings:
                self.cohort.add(node)
        self._position = max(self._position, count)


def _forward(path: Any) -> Iterator[Node]:
    while path is not None:
        node, path = path
        yield node


def _preferred(starts: Sequence[Node], after: dict[int, list[Node]]) -> Iterator[Node]:
    node: Node | None = min(starts, key=lambda each: each.token)
    while node is not None:
        yield node
        node = min(after.get(id(node), ()), key=lambda each: each.token, default=None)


def _packed(stand: Stand) -> list[Any]:
    return [stand.place, list(stand.registers), stand.passed, stand.spoiled, stand.full]
