"""One rule from the inside."""

from __future__ import annotations

from cep.drawing.automaton import automaton_picture
from cep.drawing.picture import Picture
from cep.drawing.svg import svg
from cep.plan.compiling import compile_rules


def inside(rule: str) -> Picture:
    loaded = compile_rules(f'table cards from "c.csv" key n\nrule r {rule}')
    assert loaded.plan is not None, loaded.errors
    return automaton_picture(loaded.plan, loaded.plan.rules[0])


def edges(picture: Picture) -> dict[str, str]:
    names = {node.id: node.name for node in picture.nodes}
    return {f"{names[e.source]} → {names[e.target]}": e.label for e in picture.edges}


def test_a_sequence() -> None:
    picture = inside("when 3+ Login(ok == false) as fails then Login(ok) as good within 10m per user emit X(user)")
    assert edges(picture) == {
        "start → fails": "", "fails → fails": "again", "fails → good": "after at least 3", "good → match": "",
        "match → X": "",
    }  # fmt: skip
    notes = {node.name: node.notes for node in picture.nodes}
    assert notes["start"] == ("per user",)
    assert notes["fails"] == ("Login(ok == false)", "3 or more")
    assert notes["match"] == ("all within 10 minutes of the first event",)
    assert picture.summary.startswith("Fires at the event that completes this sequence")


def test_an_absence_and_a_time_out() -> None:
    picture = inside("when A then B then no C for 5m within 1h per k emit X(k) on timeout emit Late(k)")
    found = edges(picture)
    assert found["b → match"] == "no C for 5 minutes, 5 minutes after the last event"
    assert found["a → Late"] == "time is up"
    assert "b → Late" not in found


def test_groups_lead_back() -> None:
    picture = inside("when (A then B){2} within 1h emit X() at most 1 every 1 hour")
    found = edges(picture)
    assert "b → a" in found
    assert found["match → X"] == "at most 1 every 1 hour"
    assert "data-from" in svg(picture)


def test_a_window() -> None:
    picture = inside(
        'from Payment(status == "approved") per card over last 10m when sum(amount) > 5 emit X(card) at most 2 every 1h'
    )
    assert edges(picture) == {
        "Payment → window": "", "window → condition": "", "condition → X": "at most 2 every 1 hour per card",
    }  # fmt: skip
    [window] = [node for node in picture.nodes if node.name == "window"]
    assert "the last 10 minutes of Payment" in window.notes


def test_a_join_and_a_look_up() -> None:
    picture = inside(
        "from Order as o join Payment as p on o.id == p.oid within 1m lookup cards on cards.n == p.card emit X(o.id)"
    )
    assert {"Order → join", "Payment → join", "join → window", "window → X"} <= set(edges(picture))


def test_any_type() -> None:
    [node] = [node for node in inside("when any(x == 1) then B within 1m emit X()").nodes if node.name == "any"]
    assert node.notes == ("any type(x == 1)",)
