"""Which operators of the pattern language a checked pattern uses, and which pairs of them: nested and adjacent.

*Nested*: an operator, and what stands directly inside it (a sequence between the two does not count as one). *Adjacent*:
two elements of a sequence, one behind the other; a link that is more than ``then``, and the element behind it.
"""

from __future__ import annotations

from collections.abc import Iterator

from cep.language import checked as c

LOOPS = ("loop", "reluctant loop", "optional", "any number of", "consecutive loop")
GROUPS = ("consecutive", "or", "all of", "n of", "until", "bounded")
ABSENCES = ("no", "no for")
LINKS = ("immediately", "every", "bound")
ELEMENTS = ("step", *LOOPS, "every loop", "sequence", *GROUPS, *ABSENCES)
OUTER = (*LOOPS, "sequence", *GROUPS, *ABSENCES)

Pair = tuple[str, str, str]
"""``nested`` or ``adjacent``, and the two operators."""

ALL_PAIRS: frozenset[Pair] = frozenset(
    [
        *(("nested", outer, inner) for outer in OUTER for inner in (*ELEMENTS, *LINKS)),
        *(("adjacent", first, second) for first in (*ELEMENTS, *LINKS) for second in ELEMENTS),
    ]
)


def operator(node: c.PatternNode) -> str:
    """What a node is called here."""
    match node:
        case c.Loop(mode="every"):
            return "every loop"
        case c.Loop(mode="consecutive"):
            return "consecutive loop"
        case c.Loop(maximum=1):
            return "optional"
        case c.Loop(minimum=0):
            return "any number of"
        case c.Loop():
            return "loop" if node.greedy else "reluctant loop"
        case c.SomeOf():
            return "all of" if node.count == len(node.members) else "n of"
        case c.Absence():
            return "no" if node.duration_us is None else "no for"
    names: dict[type, str] = {
        c.Step: "step",
        c.Sequence: "sequence",
        c.Consecutive: "consecutive",
        c.Choice: "or",
        c.Until: "until",
        c.Bounded: "bounded",
        c.Expectation: "expect",
    }
    return names[type(node)]


def pairs(node: c.PatternNode) -> Iterator[Pair]:
    """All pairs of a pattern."""
    own = operator(node)
    for inner in _inside(node):
        if own in OUTER:
            yield from (("nested", own, name) for name in _names(inner, own))
        yield from pairs(inner)
    if isinstance(node, c.Sequence):
        before = operator(node.first)
        for link in node.links:
            behind = operator(link.element)
            yield ("adjacent", before, behind)
            yield from (("adjacent", name, behind) for name in link_names(link))
            before = behind


def _inside(node: c.PatternNode) -> Iterator[c.PatternNode]:
    match node:
        case c.Sequence():
            yield node.first
            yield from (link.element for link in node.links)
        case c.Choice() | c.SomeOf():
            yield from node.members
        case c.Loop() | c.Consecutive() | c.Until() | c.Bounded() | c.Absence():
            yield node.element


def _names(inner: c.PatternNode, outer: str) -> Iterator[str]:
    yield operator(inner)
    if isinstance(inner, c.Sequence):
        for link in inner.links:
            yield from link_names(link)
        yield from (operator(part) for part in _inside(inner) if outer != "sequence")


def link_names(link: c.Link) -> Iterator[str]:
    """What a link is, more than ``then``."""
    if link.contiguity == "strict":
        yield "immediately"
    elif link.contiguity == "every":
        yield "every"
    if link.minimum_us is not None or link.maximum_us is not None:
        yield "bound"
