"""The automaton of a pattern: where a reading may stand and how it goes on, as plain data. Plan layer.

A *place* is a step whose event was bound last; an *edge* leads from it to a step that may be bound next. Each step
stands once in a pattern, so places are numbered like steps (the construction is Glushkov's: V. M. Glushkov, "The
abstract theory of automata", 1961, with counters as in Gelade et al., "Regular expressions with counting", 2012). What
a place alone does not tell stands in registers: turns of loops, members that are done, times up to which a part must be
complete, loops that were closed. Everything else about a reading follows from the events it has bound.

=================  ====================================================
here               elsewhere
=================  ====================================================
place              state with a bound event (SASE+, Flink), label (CORE)
edge               take (Flink: with the PROCEED edges before it folded in)
stays              ignore edge on an event that fits (skip till any match)
register           counter (Trino's matcher unrolls instead)
watch              negation on an edge (ZStream, SASE); ours has deadlines
=================  ====================================================

Departures: an edge carries the absences that lie on its way, since an absence has no place of its own; contiguity is a
flag of an edge and not of a state; entering what a reading could do without leaves the reading that did without.

What is followed, and where it is left:

- SASE+ (Agrawal et al., "Efficient pattern matching over event streams", SIGMOD 2008; Diao et al., "SASE+: an agile
  language for Kleene closure over event streams", 2007): runs over an automaton with skip till next and skip till any
  match. There one strategy holds for a whole query, here each edge has its own; their buffer with versions is a chain
  of links per run, or the graph of CORE.
- CORE and its tECS (Bucchi et al., "CORE: a complex event recognition engine", PVLDB 2022): conditions become bits, an
  event costs what the pattern is long, and matches are listed when they complete. There each subset that satisfies the
  pattern is a match; ours are the readings of S11 and S12, in an order of preference, and skip strategies remove them.
  It holds for patterns that :attr:`Automaton.stands_alone` describes; the others move run by run.
- ZStream (Mei and Madden, SIGMOD 2009): absence inside a pattern, as something that is looked for on the way and not
  filtered out of matches afterwards. Its trees and its choice of a plan by cost are not used.
- Trino's matcher (row pattern recognition): preference among readings, reluctant quantifiers, counted loops. It unrolls
  counters, backs up over a partition that is all there, and has no time; here readings move with the stream.
- Flink's NFA (`flink-cep`): take, ignore and proceed edges, the contiguities, the names of the skip strategies. Proceed
  edges are folded in, so that no event walks over states without one; a match is decided at once (S11), and loops take
  each event that fits unless they say `every` (S12).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Literal as OneOf

from cep.language.checked import Expression

Registers = tuple[int | None, ...]
"""The values of a reading's registers: turns and members as ints, closed as 0 or 1, limits as a time or null."""


@dataclass(frozen=True, slots=True)
class Fit:
    """What one event must satisfy to fill a role.

    ``bit`` is its place in the type's mask (the part that looks at the event alone); ``ties`` are the conjuncts that
    also look at what is bound so far, tested in order, only where the bit is set. ``source_only``: an event that a
    rule derived does not fit (``any(…)``).
    """

    bit: int
    ties: tuple[Expression, ...] = ()
    source_only: bool = False


@dataclass(frozen=True, slots=True)
class Register:
    """What is counted or remembered. ``name`` says what for, in the words of the rule.

    ``turns``: how often a loop was entered, up to ``maximum``, else up to ``minimum``, beyond which it does not matter.
    ``members``: a bit for each member that was begun, of which ``count`` are wanted; ``free`` are the bits of members
    that may be empty. ``limit``: the time up to which a part may bind events. ``closed``: 1 once ``until`` has come.
    """

    kind: OneOf["turns", "members", "limit", "closed"]
    name: str
    minimum: int = 0
    maximum: int | None = None
    count: int = 0
    free: int = 0
    every: bool = False

    @property
    def initial(self) -> int | None:
        """Its value while its part is not entered."""
        return None if self.kind == "limit" else 0


@dataclass(frozen=True, slots=True)
class Opening:
    """A limit that begins: ``length_us`` after the event that is bound, or ``base_us`` later than the last one."""

    register: int
    length_us: int
    base_us: int | None = None


@dataclass(frozen=True, slots=True)
class Watch:
    """What must stay away on the way: from ``after_us`` after the last bound event (0: right behind it).

    ``until_us``: up to this long after it, the instant included; null: until the next event is bound. ``fits`` are
    single events; for a group ``inner`` is its automaton, of which no reading may be complete.
    """

    label: str
    fits: Mapping[str, Fit]
    after_us: int = 0
    until_us: int | None = None
    inner: Automaton | None = None


@dataclass(frozen=True, slots=True)
class Edge:
    """The way to a step that may be bound next; those of a place are in the order of preference.

    Open only if: ``again`` may take another turn, the registers in ``full`` have what they need, the members in
    ``members`` (register, bit) are not done, those in ``closed`` are 0, nothing in ``watches`` (bits) was seen, and, if
    ``strict``, no event of the key came since the last bound one. In time only if the event is no later than the
    ``limits`` say, later than ``quiet_us`` after the last event (an absence had to run out) and at least
    ``minimum_us`` after it. Taking it sets ``resets``, counts ``again``, marks ``members`` and begins ``opens``.
    ``ends`` are groups of conditions on loops that end on this way.

    ``stays``: the reading without the event lives on as well; ``stays_beyond``: it does once these loops have their
    minimum; ``prefers_staying`` puts that reading first. ``further``: it begins what could be left out, so nobody
    waits for it.
    """

    target: int
    again: int | None = None
    full: tuple[int, ...] = ()
    members: tuple[tuple[int, int], ...] = ()
    closed: tuple[int, ...] = ()
    watches: int = 0
    strict: bool = False
    limits: tuple[int, ...] = ()
    quiet_us: int | None = None
    minimum_us: int = 0
    resets: tuple[tuple[int, int | None], ...] = ()
    opens: tuple[Opening, ...] = ()
    ends: tuple[int, ...] = ()
    stays: bool = False
    stays_beyond: tuple[int, ...] = ()
    prefers_staying: bool = False
    further: bool = False


@dataclass(frozen=True, slots=True)
class Finish:
    """How a reading is complete at a place, once ``full`` have what they need.

    ``when``: ``at_once``; ``after_last``, ``after_us`` after the last event; ``limit``, when the rule's `within` or the
    first of ``limits`` is over, and no earlier than ``after_us`` after the last event; ``until``, when the loop of
    register ``until`` is closed, can grow no more, or as for ``limit``. ``watches`` must stay away up to then.
    ``goes_on``: the loop that closes the pattern takes further turns, each of which completes again. ``awaited`` is
    what had to stay away.
    """

    when: OneOf["at_once", "after_last", "limit", "until"] = "at_once"
    full: tuple[int, ...] = ()
    ends: tuple[int, ...] = ()
    watches: int = 0
    after_us: int = 0
    limits: tuple[int, ...] = ()
    until: int | None = None
    goes_on: bool = False
    awaited: str | None = None


@dataclass(frozen=True, slots=True)
class Stop:
    """An event that closes the loop around a place. ``ways``: what must be full for the reading to live on."""

    register: int
    label: str
    fits: Mapping[str, Fit]
    ways: tuple[tuple[int, ...], ...]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a reading stands after it has bound a step."""

    edges: tuple[Edge, ...] = ()
    finish: Finish | None = None
    stops: tuple[Stop, ...] = ()

    @property
    def watches(self) -> int:
        """All absences that matter here, as bits."""
        bits = self.finish.watches if self.finish is not None else 0
        for edge in self.edges:
            bits |= edge.watches
        return bits


@dataclass(frozen=True, slots=True)
class Automaton:
    """``start``: the edges by which an event begins a reading. ``places`` by the number of the step."""

    start: tuple[Edge, ...]
    places: Mapping[int, Place]
    registers: tuple[Register, ...]
    watches: tuple[Watch, ...]

    @property
    def initial(self) -> Registers:
        """The registers before anything is bound."""
        return tuple([register.initial for register in self.registers])

    @property
    def sets_timers(self) -> bool:
        """Whether a reading may be complete at a time instead of at an event."""
        return any(place.finish is not None and place.finish.when != "at_once" for place in self.places.values())

    @property
    def stands_alone(self) -> bool:
        """Whether what an event does follows from place, registers and what has passed: not from times or bindings."""
        edges = [*self.start, *(edge for place in self.places.values() for edge in place.edges)]
        timed = any(e.limits or e.opens or e.ends or e.quiet_us is not None or e.minimum_us for e in edges)
        finishes = [place.finish for place in self.places.values() if place.finish is not None]
        waits = any(f.when != "at_once" or f.ends or f.limits or f.watches or f.after_us for f in finishes)
        fits = [fit for watch in self.watches for fit in watch.fits.values()]
        fits += [fit for place in self.places.values() for stop in place.stops for fit in stop.fits.values()]
        zones = any(w.inner is not None or w.after_us or w.until_us is not None for w in self.watches)
        turns = {number for number, register in enumerate(self.registers) if register.kind == "turns"}
        nested = any(e.again is not None and turns & set(e.full) for e in edges)  # two ways to count the same events
        return not (timed or waits or zones or nested or any(fit.ties for fit in fits))

    @property
    def waits_alone(self) -> bool:
        """Whether the same holds but for absences with a time that close the pattern, behind a loop without maximum."""
        places = dict(self.places)
        watches = list(self.watches)
        for number, place in self.places.items():
            finish = place.finish
            if finish is None:
                continue
            if finish.when != "after_last" or finish.ends or finish.limits or not self._grows(number):
                return False
            for index, watch in enumerate(self.watches):
                if finish.watches >> index & 1:
                    if watch.after_us or watch.until_us not in (None, finish.after_us):
                        return False
                    watches[index] = replace(watch, until_us=None)
            places[number] = replace(place, finish=Finish(full=finish.full))
        closing = _joined(place.finish.watches for place in self.places.values() if place.finish is not None)
        if any(edge.watches & closing for place in self.places.values() for edge in place.edges):
            return False
        return replace(self, places=places, watches=tuple(watches)).stands_alone

    def _grows(self, number: int) -> bool:
        """Whether the step at this place may be bound again and again."""
        turns = [e.again for e in self.places[number].edges if e.target == number and e.again is not None]
        return any(self.registers[register].maximum is None for register in turns)


def _joined(bits: Iterable[int]) -> int:
    whole = 0
    for bit in bits:
        whole |= bit
    return whole
