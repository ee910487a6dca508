"""Random elements of patterns, of every form of LANGUAGE.md section 3, as text.

Each :class:`Part` comes with a *witness*: events that the element takes, apart from its conditions. Streams made around
it match more often than chance would have it.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from hypothesis import strategies as st

from tests.properties.generate_expressions import (
    Written,
    bracketed,
    comparisons,
    often,
    one_field,
    own_conditions,
    seconds,
    tie,
)


@dataclass(frozen=True)
class Beat:
    """An event of a witness: its type, and how long after the one before it comes at least, in seconds."""

    type: str
    gap_s: int = 0


@dataclass(frozen=True)
class Part:
    """An element as text. ``simple``: it may stand where one primary may, without parentheses of its own."""

    text: str
    witness: tuple[Beat, ...] = ()
    simple: bool = False
    can_be_empty: bool = False
    needs_within: bool = False

    @property
    def primary(self) -> str:
        """The text, in parentheses if it needs them."""
        return self.text if self.simple else f"({self.text})"


@dataclass(frozen=True)
class Place:
    """Where an element stands.

    ``bound`` are the steps that its conditions may look at, ``looping`` whether a loop around makes lists of its
    steps, ``unordered`` whether it is inside ``and``, ``or`` or ``N of``, ``closing`` whether it ends the pattern,
    ``leading`` whether nothing comes before it.
    """

    bound: tuple[Written, ...] = ()
    depth: int = 0
    looping: bool = False
    unordered: bool = False
    closing: bool = False
    leading: bool = False

    def inside(self, **changes: bool) -> Place:
        """One level deeper."""
        return replace(self, depth=self.depth + 1, **changes)

    def behind(self, steps: list[Written]) -> Place:
        """Behind further steps."""
        return replace(self, bound=(*self.bound, *steps), leading=False)


@dataclass
class Budget:
    """What has been written so far, and what may still be. One for each rule."""

    draw: st.DrawFn
    types: list[str]
    left: int
    steps: list[Written] = field(default_factory=list)
    shortest_s: int = 0
    has_every: bool = False
    forks: int = 0
    """How many parts multiply readings: the streams are shorter for it."""


@dataclass(frozen=True)
class Quantifier:
    """How often; ``{}`` is the place of the element."""

    text: str
    least: int
    most: int | None
    every: bool = False


_UNBOUNDED = [
    Quantifier("{}+", 1, None),
    Quantifier("some {}", 1, None),
    Quantifier("2+ {}", 2, None),
    Quantifier("3 or more {}", 3, None),
    Quantifier("at least two {}", 2, None),
    Quantifier("{}{{2,}}", 2, None),
    Quantifier("{}+?", 1, None),
    Quantifier("{}{{2,}}?", 2, None),
]
_COUNTED = [
    Quantifier("two {}", 2, 2),
    Quantifier("exactly 3 {}", 3, 3),
    Quantifier("{}{{2}}", 2, 2),
    Quantifier("2 to 3 {}", 2, 3),
    Quantifier("{}{{1,2}}", 1, 2),
    Quantifier("{}{{1,3}}?", 1, 3),
]
_EMPTY = [
    Quantifier("optional {}", 0, 1),
    Quantifier("{}?", 0, 1),
    Quantifier("{}??", 0, 1),
    Quantifier("any number of {}", 0, None),
    Quantifier("{}*", 0, None),
    Quantifier("{}*?", 0, None),
    Quantifier("up to 2 {}", 0, 2),
    Quantifier("{}{{0,3}}", 0, 3),
]
_CONSECUTIVE = [
    Quantifier("three consecutive {}", 3, 3),
    Quantifier("2 consecutive {}", 2, 2),
    Quantifier("consecutive {}+", 1, None),
    Quantifier("2+ consecutive {}", 2, None),
    Quantifier("consecutive {}{{2,3}}", 2, 3),
]
_CONSECUTIVE_EMPTY = [Quantifier("consecutive {}*", 0, None), Quantifier("up to 3 consecutive {}", 0, 3)]
_EVERY = [
    Quantifier("two every {}", 2, 2, True),
    Quantifier("every {}+", 1, None, True),
    Quantifier("every {}{{1,2}}", 1, 2, True),
    Quantifier("2+ every {}", 2, None, True),
]


def quantifiers(one_event: bool, may_be_empty: bool) -> list[Quantifier]:
    """Those that may stand before an element; the usual ones more often."""
    found = [*_UNBOUNDED, *_COUNTED, *_CONSECUTIVE]
    if one_event:
        found += [*_UNBOUNDED, *_COUNTED, *_EVERY]
    if may_be_empty:
        found += [*_EMPTY, *_EMPTY, *_EMPTY[:2] * 4, *_CONSECUTIVE_EMPTY]
    return found


# ---- events ----


def event(budget: Budget, conditions: list[str]) -> tuple[str, str]:
    """An event phrase and a type that it takes: one type, several, or ``any``."""
    draw = budget.draw
    kind = draw(st.sampled_from(budget.types))
    written = f"({' and '.join(map(bracketed, conditions))})" if conditions else ""
    if often(draw, 4):
        return f"any{written or '()'}", kind
    if often(draw, 6):
        other = draw(st.sampled_from(budget.types))
        if other != kind:
            return f"({kind}{written} or {other})", kind
    return kind + written, kind


def step(budget: Budget, place: Place, quantifier: Quantifier | None = None) -> Part:
    """A step, or a loop of one step."""
    draw = budget.draw
    budget.left -= 1
    name = f"s{len(budget.steps) + 1}"
    looping = quantifier is not None and quantifier.most != 1
    own = Written(name, "", place.looping or looping)
    conditions = [draw(own_conditions())] if often(draw, 15) else []
    if often(draw, 15 if place.bound else 3):
        conditions.append(tie(draw, list(place.bound), own))
    text, kind = event(budget, conditions)
    own = Written(name, kind, own.is_loop)
    budget.steps.append(own)
    counted = quantifier or Quantifier("{}", 1, 1)
    if counted.every:
        budget.has_every = True
        budget.forks += 2
    times = _times(draw, counted)
    return Part(
        f"{counted.text.format(text)} as {name}",
        (Beat(kind),) * times,
        can_be_empty=counted.least == 0,
    )


def _times(draw: st.DrawFn, quantifier: Quantifier) -> int:
    most = quantifier.least + 1 if quantifier.most is None else quantifier.most
    return draw(st.integers(max(quantifier.least, 1), max(most, 1)))


def _stop(budget: Budget, place: Place) -> tuple[str, str]:
    """What ends a loop, or stays away: an event without a name."""
    draw = budget.draw
    conditions: list[str] = []
    if place.bound and often(draw, 20):
        other = draw(st.sampled_from(place.bound))
        conditions.append(f"{one_field(draw, other)} {draw(comparisons)} x")
    elif often(draw, 25):
        conditions.append(draw(own_conditions()))
    return event(budget, conditions)


# ---- elements ----


def element(budget: Budget, place: Place, may_be_empty: bool) -> Part:
    """One element of a sequence, or one member."""
    draw = budget.draw
    nested = budget.left >= 2 and place.depth < 3
    forms = ["step"] * 6 + ["loop"] * 5
    if nested:
        forms += ["group"] * 4 + ["choice"] * 2 + ["some of"] * 2 + ["until"] * 2
    else:
        forms += ["until"]
    match draw(st.sampled_from(forms)):
        case "step":
            return step(budget, place)
        case "loop":
            return step(budget, place, draw(st.sampled_from(quantifiers(True, may_be_empty))))
        case "group":
            return group(budget, place, may_be_empty)
        case "choice":
            return choice(budget, place)
        case "some of":
            return some_of(budget, place)
        case _:
            return until(budget, place)


def group(budget: Budget, place: Place, may_be_empty: bool) -> Part:
    """A sequence in parentheses: plain, bounded, consecutive, optional or repeated."""
    draw = budget.draw
    form = draw(st.sampled_from(["plain", "bounded", "consecutive", "loop", "loop", "loop"]))
    if form == "bounded":
        return _bounded(budget, place)
    if form == "consecutive":
        inner = sequence(budget, place.inside(), most=3)
        return replace(inner, text=f"consecutive ({inner.text})", simple=False)
    if form == "plain":
        inner = sequence(budget, place.inside(), most=3)
        return replace(inner, text=f"({inner.text})", simple=True)
    quantifier = draw(st.sampled_from(quantifiers(False, may_be_empty)))
    inside = place.inside(looping=place.looping or quantifier.most != 1)
    inner = sequence(budget, inside, most=2)
    budget.forks += 1
    return Part(
        quantifier.text.format(f"({inner.text})"),
        inner.witness * min(_times(draw, quantifier), 2 if len(inner.witness) > 2 else 3),
        can_be_empty=quantifier.least == 0,
        needs_within=inner.needs_within,
    )


def _bounded(budget: Budget, place: Place) -> Part:
    draw = budget.draw
    before_s = budget.shortest_s
    if often(draw, 40):
        inner = step(budget, place.inside(), draw(st.sampled_from([*_UNBOUNDED, *_COUNTED, *_CONSECUTIVE])))
    else:
        inner = sequence(budget, place.inside(), most=3)
    least_s = budget.shortest_s - before_s
    return Part(f"({inner.text} within {least_s + draw(seconds)}s)", inner.witness, simple=True)


def choice(budget: Budget, place: Place) -> Part:
    """``A or B``: the members know nothing of each other."""
    members = _members(budget, place)
    taken = budget.draw(st.sampled_from(members))
    budget.forks += 1
    return Part(" or ".join(map(_member, members)), taken.witness)


def some_of(budget: Budget, place: Place) -> Part:
    """``A and B``, ``all of``, ``N of``."""
    draw = budget.draw
    members = _members(budget, place)
    budget.forks += 1
    order = draw(st.permutations(members))
    form = draw(st.sampled_from(["and", "all of", "of"]))
    count = draw(st.integers(1, len(members))) if form == "of" else len(members)
    witness = tuple(beat for member in order[:count] for beat in member.witness)
    if form == "and":
        return Part(" and ".join(map(_member, members)), witness)
    listed = ", ".join(member.text for member in members)
    return Part(f"{form if form == 'all of' else f'{count} of'} ({listed})", witness, simple=True)


def _members(budget: Budget, place: Place) -> list[Part]:
    draw = budget.draw
    inside = place.inside(unordered=True)
    members = []
    for _ in range(2 if budget.left < 3 else draw(st.sampled_from([2, 2, 3]))):
        forms = ["step"] * 4 + ["loop"] * 2 + (["group"] * 2 if budget.left >= 2 and place.depth < 2 else [])
        match draw(st.sampled_from(forms)):
            case "step":
                members.append(step(budget, inside))
            case "loop":
                members.append(step(budget, inside, draw(st.sampled_from(quantifiers(True, False)))))
            case _:
                inner = sequence(budget, inside.inside(), most=2)
                members.append(replace(inner, text=f"({inner.text})", simple=True))
    return members


def _member(part: Part) -> str:
    return f"({part.text})" if " or " in part.text or " and " in part.text else part.text


def until(budget: Budget, place: Place) -> Part:
    """A loop, or a group, that an event ends."""
    draw = budget.draw
    before = len(budget.steps)
    if budget.left >= 2 and often(draw, 30):
        inner = group(budget, place, may_be_empty=False)
        if not inner.simple:
            inner = replace(inner, text=f"({inner.text})")
    else:
        inner = step(
            budget, place, draw(st.sampled_from([*_UNBOUNDED, *_UNBOUNDED, *_COUNTED, *_CONSECUTIVE, *_EVERY]))
        )
    stop, kind = _stop(budget, place.behind(budget.steps[before:]))
    witness = (*inner.witness, Beat(kind)) if often(draw, 70) else inner.witness
    return Part(f"{inner.text} until {stop}", witness, needs_within=place.closing)


# ---- sequences ----


def sequence(budget: Budget, place: Place, most: int) -> Part:
    """Elements joined by ``then``, absences between them, bounds and contiguities on the way."""
    draw = budget.draw
    parts: list[str] = []
    witness: list[Beat] = []
    needs_within = False
    solid = False
    """Whether an element has been written that cannot be empty."""
    here = place
    count = draw(st.integers(1 if place.depth == 0 else 2, max(most, 1)))
    for number in range(count):
        if number and budget.left <= 0:
            break
        last = number == count - 1 or budget.left <= 1
        before = len(budget.steps)
        gap_s = 0
        if not place.unordered and (solid if parts else place.depth and not place.leading and often(draw, 5)):
            absences, gap_s = _absences(budget, here)
            parts += absences
        inside = replace(here, closing=place.closing and last)
        link, quantifier, wait_s = (" then ", None, 0) if not parts else _link(budget)
        if quantifier == "every":
            made = step(budget, inside)
            made = replace(made, text=f"every {made.text}")
        else:
            made = element(budget, inside, may_be_empty=not last)
        parts.append((link if parts else "") + made.text)
        beats = made.witness
        if beats and (gap_s or wait_s):
            beats = (replace(beats[0], gap_s=gap_s + wait_s), *beats[1:])
        witness += beats
        needs_within = needs_within or made.needs_within
        solid = solid or not made.can_be_empty
        here = here.behind(budget.steps[before:])
    if solid and not place.unordered and often(draw, 20 if place.closing else 5):
        text, closes = _closing(budget, here)
        parts.append(text)
        needs_within = needs_within or closes
    return Part(
        "".join(parts).removeprefix(" then "), tuple(witness), can_be_empty=not solid, needs_within=needs_within
    )


def _link(budget: Budget) -> tuple[str, str | None, int]:
    """How the next element follows: the text before it, ``every``, and the wait that it asks for."""
    draw = budget.draw
    form = draw(st.sampled_from(["then"] * 10 + ["immediately"] * 3 + ["every"] * 2 + ["bound"] * 3))
    if form == "immediately":
        return " then immediately ", None, 0
    if form == "every":
        budget.has_every = True
        budget.forks += 1
        return " then ", "every", 0
    if form == "bound":
        low, high = sorted([draw(seconds), draw(seconds)])
        kind = draw(st.sampled_from(["within", "after", "between", "immediately within"]))
        if kind in ("after", "between"):
            budget.shortest_s += low
        text = {
            "within": f"within {high}s",
            "after": f"after {low}s",
            "between": f"between {low}s and {high}s",
            "immediately within": f"immediately within {high}s",
        }[kind]
        return f" then {text} ", None, low if kind in ("after", "between") else 0
    return " then ", None, 0


def _absences(budget: Budget, place: Place) -> tuple[list[str], int]:
    """What stays away between two elements, and the time that it takes."""
    draw = budget.draw
    found: list[str] = []
    total_s = 0
    while len(found) < 2 and often(draw, 15 if not found else 20):
        text = f" then no {_stop(budget, place)[0]}"
        if often(draw, 50):
            wait_s = draw(seconds)
            text += f" for {wait_s}s"
            total_s += wait_s
        found.append(text)
    budget.shortest_s += total_s
    return found, total_s + 1 if total_s else 0


def _closing(budget: Budget, place: Place) -> tuple[str, bool]:
    """A closing absence, and whether it needs a bound around it."""
    text = f" then no {_stop(budget, place)[0]}"
    if often(budget.draw, 60):
        return f"{text} for {budget.draw(seconds)}s", False
    return text, True


def leading_silence(budget: Budget, place: Place) -> str:
    """``no B for D``."""
    wait_s = budget.draw(seconds)
    budget.shortest_s += wait_s
    return f"no {_stop(budget, replace(place, bound=()))[0]} for {wait_s}s"
