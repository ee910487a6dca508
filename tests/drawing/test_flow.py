"""Which nodes and edges the flow through rules has."""

from __future__ import annotations

from cep.drawing.flow import flow_picture
from cep.drawing.picture import Node, Picture
from cep.plan.compiling import compile_rules

RULES = """
event Login { user: string, outcome: string }
table hosts from "hosts.csv" key host
define failed login as Login(outcome == "failure")
define failed root login as failed login(user == "root")
define unused as Login(user == "x")

rule guessing "Doc." when three failed logins within 5m per user emit Guessing(user) severity high tags ["t1"]
rule root when failed root login emit Root(user)
rule both when Guessing as g then Export within 1h per user emit Both(user) on timeout emit Neither(user)
rule silent when expect Beat from hosts for 60 seconds per host emit Silent(host)
rule off when Both then Login within 5m emit Off() disabled
rule anyone when any(x == 1) then Export within 1m emit Any()
"""


def flow(rules: str = RULES, **options: object) -> Picture:
    loaded = compile_rules(rules)
    assert loaded.plan is not None, loaded.errors
    return flow_picture(loaded, **options)  # type: ignore[arg-type]


def edges(picture: Picture) -> set[str]:
    names = {node.id: node.name for node in picture.nodes}
    return {f"{names[e.source]} → {names[e.target]}" for e in picture.edges}


def node(picture: Picture, name: str) -> Node:
    [found] = [each for each in picture.nodes if each.name == name]
    return found


def test_all_edges() -> None:
    assert edges(flow()) == {
        "Login → failed login", "failed login → failed root login", "failed login → guessing", "guessing → Guessing",
        "failed root login → root", "root → Root", "Guessing → both", "Export → both", "both → Both",
        "both → Neither", "Beat → silent", "hosts → silent", "silent → Silent", "Both → off", "Login → off",
        "off → Off", "any event type → anyone", "Export → anyone", "anyone → Any",
    }  # fmt: skip


def test_without_definitions() -> None:
    found = edges(flow(definitions=False))
    assert {"Login → guessing", "Login → root"} <= found
    assert not any("failed" in edge for edge in found)


def test_kinds() -> None:
    kinds = {each.name: each.kind for each in flow().nodes}
    assert kinds["Login"] == "event"
    assert kinds["Both"] == "derived"
    assert kinds["failed login"] == "definition"
    assert kinds["hosts"] == "table"
    assert "unused" not in kinds


def test_what_no_rule_reads_is_marked() -> None:
    marked = {each.name for each in flow().nodes if "unread" in each.marks}
    assert marked == {"Root", "Both", "Neither", "Silent", "Off", "Any"}


def test_a_rule_has_its_words_its_sentences_and_its_place() -> None:
    rule = node(flow(), "guessing")
    assert rule.about[0] == "Doc."
    assert rule.about[1].startswith("Fires at the third `failed login`")
    assert rule.text is not None
    assert rule.text.startswith('rule guessing "Doc." when')
    assert rule.severity == "high"
    assert rule.tags == ("t1",)
    assert rule.notes == ("high · per user",)
    assert node(flow(), "failed root login").text == 'define failed root login as failed login(user == "root")'


def test_a_disabled_rule_is_marked_and_its_edges_are_broken() -> None:
    picture = flow()
    rule = node(picture, "off")
    assert "disabled" in rule.marks
    assert all(edge.dashed for edge in picture.edges if rule.id in (edge.source, edge.target))


def test_a_time_out_is_told() -> None:
    picture = flow()
    [edge] = [edge for edge in picture.edges if edge.label]
    assert (edge.label, edge.dashed, edge.target) == ("on timeout", True, node(picture, "Neither").id)


def test_the_ends() -> None:
    picture = flow(sources=["logins.jsonl", "logins.jsonl"], sinks=["out.jsonl"])
    found = edges(picture)
    assert {"logins.jsonl → Login", "logins.jsonl → Beat", "logins.jsonl → any event type"} <= found
    assert {"Both → out.jsonl", "Root → out.jsonl"} <= found
    assert "logins.jsonl → Both" not in found
    assert [each.kind for each in picture.nodes if each.name == "logins.jsonl"] == ["source"]


def test_one_event_type_twice_is_one_edge() -> None:
    picture = flow("rule r when A as a then A as b within 1m emit X(v = a.v)")
    assert len(picture.edges) == 2


def test_of_yaml() -> None:
    loaded = compile_rules("rule r when A emit B()")
    assert loaded.plan is not None
    assert edges(flow_picture(loaded)) == {"A → r", "r → B"}


def test_lookups_and_joins() -> None:
    found = edges(
        flow(
            'table cards from "c.csv" key n\n'
            "rule over from Payment as p lookup cards on card == cards.n when p.x > cards.y emit Over(p.card)\n"
            "rule pairs from Order as o join Payment as p on o.id == p.order_id within 1m emit Pair(o.id)\n"
            "rule since from Sale over since Reset(full) emit Since(n = count())\n"
        )
    )
    assert {"cards → over", "Payment → over", "Payment → pairs", "Order → pairs", "Reset → since"} <= found
