"""Places of nodes: nothing overlaps, edges lead to the right, and few of them cross."""

from __future__ import annotations

from itertools import combinations, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cep.drawing.layout import Box, Layout, Line, _inversions, _isotonic, layout, leading_back


def boxes_of(names: str) -> list[Box]:
    return [Box(name, 60 + 10 * (number % 4), 30 + 5 * (number % 3)) for number, name in enumerate(names)]


def laid_out(names: str, *edges: str) -> Layout:
    return layout(boxes_of(names), [Line(edge[0], edge[1]) for edge in edges])


@st.composite
def graphs(draw: st.DrawFn) -> tuple[list[Box], list[Line]]:
    """Nodes, and edges from earlier ones to later ones."""
    count = draw(st.integers(1, 14))
    sizes = st.floats(10, 200)
    boxes = [Box(f"b{n}", draw(sizes), draw(sizes)) for n in range(count)]
    pairs = list(combinations(range(count), 2))
    chosen = draw(st.lists(st.sampled_from(pairs), max_size=30, unique=True)) if pairs else []
    return boxes, [Line(f"b{a}", f"b{b}") for a, b in chosen]


@given(graphs())
def test_nothing_overlaps_and_edges_lead_to_the_right(graph: tuple[list[Box], list[Line]]) -> None:
    boxes, lines = graph
    placed = layout(boxes, lines)
    assert set(placed.centres) == {box.id for box in boxes}
    assert set(placed.ways) == set(range(len(lines)))
    for box in boxes:
        x, y = placed.centres[box.id]
        assert box.width / 2 - 1e-6 <= x <= placed.width - box.width / 2 + 1e-6
        assert box.height / 2 - 1e-6 <= y <= placed.height - box.height / 2 + 1e-6
    for one, other in combinations(boxes, 2):
        (ax, ay), (bx, by) = placed.centres[one.id], placed.centres[other.id]
        apart = abs(ax - bx) >= (one.width + other.width) / 2 or abs(ay - by) >= (one.height + other.height) / 2
        assert apart, (one, other)
    by_id = {box.id: box for box in boxes}
    for number, line in enumerate(lines):
        points = placed.ways[number]
        assert [x for x, _ in points] == sorted(x for x, _ in points)
        (sx, sy), (tx, ty) = placed.centres[line.source], placed.centres[line.target]
        assert points[0] == pytest.approx((sx + by_id[line.source].width / 2, sy))
        assert points[-1] == pytest.approx((tx - by_id[line.target].width / 2, ty))


@given(graphs())
def test_the_same_graph_gives_the_same_picture(graph: tuple[list[Box], list[Line]]) -> None:
    assert layout(*graph) == layout(*graph)


def crossings(placed: Layout) -> int:
    """Pairs of straight edges between two ranks that cross."""
    lines = [(p, q) for points in placed.ways.values() for p, q in pairwise(points)]
    count = 0
    for ((ax, ay), (bx, by)), ((cx, cy), (dx, dy)) in combinations(lines, 2):
        if abs(ax - cx) < 40 and abs(bx - dx) < 40:
            count += (ay - cy) * (by - dy) < -1e-6
    return count


@pytest.mark.parametrize(
    ("names", "edges"),
    [
        ("abcdefg", ["ab", "ac", "bd", "be", "cf", "cg"]),
        ("abcdef", ["ad", "be", "cf", "af"]),
        ("abcdef", ["af", "be", "cd"]),
        ("abcdefgh", ["ae", "bf", "cg", "dh", "ef", "gh"]),
        ("abcd", ["ab", "bc", "cd", "ad"]),
    ],
)
def test_what_can_be_drawn_without_crossings_is(names: str, edges: list[str]) -> None:
    assert crossings(laid_out(names, *edges)) == 0


def test_what_nothing_leads_to_stands_right_before_what_it_leads_to() -> None:
    placed = laid_out("abcdx", "ab", "bc", "cd", "xd")
    assert placed.centres["x"][0] == placed.centres["c"][0]


def test_parts_stand_below_one_another() -> None:
    placed = laid_out("abcd", "ab", "cd")
    assert placed.centres["a"][1] < placed.centres["c"][1]
    assert placed.ways[0][0][0] <= placed.centres["d"][0]


def test_a_chain_is_straight() -> None:
    placed = laid_out("abcd", "ab", "bc", "cd")
    assert len({round(y, 6) for _, y in placed.centres.values()}) == 1


@pytest.mark.parametrize(
    ("edges", "back"),
    [
        (["ab", "bc"], set()),
        (["ab", "ba"], {1}),
        (["aa", "ab"], {0}),
        (["ab", "bc", "ca", "cb"], {2, 3}),
        (["ba", "cb"], set()),
        (["ab", "ac", "bd", "cd"], set()),
    ],
)
def test_edges_that_lead_back(edges: list[str], back: set[int]) -> None:
    assert leading_back("abcd", [(edge[0], edge[1]) for edge in edges]) == back


@given(st.lists(st.floats(-100, 100), min_size=1, max_size=8))
def test_rising_values_nearest_to_the_wishes(wishes: list[float]) -> None:
    found = _isotonic(wishes, [1.0] * len(wishes))
    assert all(a <= b + 1e-9 for a, b in pairwise(found))
    assert sum(found) == pytest.approx(sum(wishes), abs=1e-6)
    if wishes == sorted(wishes):
        assert found == pytest.approx(wishes)


@given(st.lists(st.integers(0, 9), max_size=12))
def test_counted_inversions(values: list[int]) -> None:
    assert _inversions(values) == sum(a > b for a, b in combinations(values, 2))
