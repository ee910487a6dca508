"""Random conditions over steps: what the generators of rules put into parentheses, ``where`` and ``having``.

Fields are small: ``x`` and ``y`` from 0 to 3. Conditions are loose, so that many events meet them.
"""

from __future__ import annotations

from dataclasses import dataclass

from hypothesis import strategies as st

chance = st.integers(0, 99)
small = st.integers(0, 3)
seconds = st.sampled_from([1, 2, 3, 4, 5, 6, 8, 10, 15])
comparisons = st.sampled_from([">=", "<=", ">", "<", "==", "!="])


def often(draw: st.DrawFn, percent: int) -> bool:
    """True in about so many of 100 examples; shrinks to false."""
    return draw(chance) >= 100 - percent


@st.composite
def own_conditions(draw: st.DrawFn) -> str:
    """A condition on the candidate alone."""
    n = draw(small)
    return draw(
        st.sampled_from(
            [
                f"x >= {n}",
                f"x < {n + 2}",
                f"x != {n}",
                "x >= y",
                "x + y > 1",
                f"x in [{n}, {n + 1}, null]",
                f"x not in [{n}]",
                "x is not null",
                "y is missing or y < 3",
                f"not x == {n}",
                f"x > {n} or y > 0",
                f"x > 0 and y <= {n}",
                "x between 0 and 2",
                f"12 / x >= {n}",
                "x % 2 == 0",
                f"(x ?? y) >= {n}",
                f"(if x > 1 then y else x) <= {n + 1}",
                f"abs(x - y) <= {n}",
            ]
        )
    )


@dataclass
class Written:
    """An element of a pattern that has been written, as later ones refer to it."""

    name: str
    type: str
    is_loop: bool


def tie(draw: st.DrawFn, before: list[Written], own: Written) -> str:
    """A condition of a step that looks back."""
    choices = ["prev.x <= x", "prev.x != x", "prev.y is null or prev.y <= y"]
    if own.is_loop:
        choices += [f"count({own.name}) < 3", f"first({own.name}).x is null or x >= first({own.name}).x"]
    for other in before:
        choices += [f"{one_field(draw, other)} {draw(comparisons)} x"] * 3
        if other.is_loop:
            choices += [
                f"x not in {other.name}.x",
                f"count({other.name}) >= 2",
                f"x >= avg({other.name}.x)",
                f"{other.name}[1].x != x",
            ]
    return draw(st.sampled_from(choices))


def one_field(draw: st.DrawFn, step: Written) -> str:
    """A field of one event of a step."""
    which = draw(st.sampled_from(["x", "x", "y"]))
    if not step.is_loop:
        return f"{step.name}.{which}"
    return f"{draw(st.sampled_from(['first', 'last']))}({step.name}).{which}"


def conjunct(draw: st.DrawFn, steps: list[Written]) -> str:
    """A conjunct of ``where``."""
    later = draw(st.sampled_from(steps))
    choices = [f"{one_field(draw, later)} {draw(comparisons)} {draw(small)}"]
    for other in steps:
        if other is not later:
            choices += [f"{one_field(draw, later)} {draw(comparisons)} {one_field(draw, other)}"] * 2
            if other.is_loop:
                choices.append(f"{one_field(draw, later)} not in {other.name}.x")
    if later.is_loop:
        choices += [f"sum({later.name}.x) >= {draw(small)}", f"count({later.name}) >= 2"]
        choices += [f"count_distinct({later.name}.x) > 1"]
    return draw(st.sampled_from(choices))


def bracketed(condition: str) -> str:
    return f"({condition})" if " or " in condition or condition.startswith("if ") else condition
