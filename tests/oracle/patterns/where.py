"""When a conjunct of ``where`` is tested (sentence 11)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from cep.language import checked as c


class Where:
    """The conjuncts of a rule, and where its steps stand in the pattern."""

    def __init__(self, pattern: c.PatternNode, conjuncts: Sequence[c.Conjunct]) -> None:
        self._conjuncts = conjuncts
        self._paths = {path[-1].name: path for path in _paths(pattern, ()) if isinstance(path[-1], c.Step)}

    def due(self, before: Sequence[str], after: Sequence[str], *, complete: bool = False) -> Iterator[c.Expression]:
        """What is due as the steps that are bound go from ``before`` to ``after``.

        Both are names of steps, one for each event of the reading. ``complete``: ``after`` is a match.
        """
        for conjunct in self._conjuncts:
            if conjunct.last is None:
                if not before:
                    yield conjunct.expression
                continue
            needed = self._needed(conjunct, conjunct.last)
            had_arrived = all(self._has_arrived(step, before, False) for step in needed)
            if not had_arrived and all(self._has_arrived(step, after, complete) for step in needed):
                yield conjunct.expression

    def _needed(self, conjunct: c.Conjunct, last: str) -> set[str]:
        """The last step it names, and those of other members of an ``and``, ``all of``, ``N of`` around that one."""
        others = {step for step in conjunct.steps if step != last and self._in_other_members(step, last)}
        return {last, *others}

    def _in_other_members(self, step: str, other: str) -> bool:
        shared = [node for node, same in zip(self._paths[step], self._paths[other], strict=False) if node is same]
        return isinstance(shared[-1], c.SomeOf)

    def _has_arrived(self, step: str, bound: Sequence[str], complete: bool) -> bool:
        """A step that loops arrives when the outermost loop around it ends."""
        if step not in bound:
            return False
        loops = [node for node in self._paths[step] if isinstance(node, c.Loop) and node.maximum != 1]
        return complete or not loops or loops[0] not in self._paths[bound[-1]]


def _paths(node: c.PatternNode, above: tuple[c.PatternNode, ...]) -> Iterator[tuple[c.PatternNode, ...]]:
    """Every step that can bind an event, with the nodes around it, outermost first."""
    path = (*above, node)
    if isinstance(node, c.Step):
        yield path
    for inner in _inside(node):
        yield from _paths(inner, path)


def _inside(node: c.PatternNode) -> Iterator[c.PatternNode]:
    match node:
        case c.Sequence():
            yield node.first
            yield from (link.element for link in node.links)
        case c.Choice() | c.SomeOf():
            yield from node.members
        # What an absence waits for is bound only as the silence's start; it is seen by no conjunct.
        case c.Loop() | c.Consecutive() | c.Bounded() | c.Until() | c.Absence() | c.Expectation():
            yield node.element


def names_in_order(pattern: c.PatternNode) -> list[str]:
    """The steps that can bind an event, in written order."""
    return [path[-1].name for path in _paths(pattern, ()) if isinstance(path[-1], c.Step)]
