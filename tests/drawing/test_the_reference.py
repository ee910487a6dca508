"""Every rule of the language's reference is told in English and drawn in every format."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree

from cep.drawing.automaton import automaton_picture
from cep.drawing.flow import flow_picture
from cep.drawing.formats import FORMATS
from cep.plan.compiling import compile_rules
from cep.plan.english.rules import sentences
from cep.plan.kept_state import kept_state


def test_every_rule_is_told_and_drawn(root: Path) -> None:
    page = (root / "grammar" / "README.md").read_text("utf-8")
    told = 0
    for block in re.findall(r"^```cep\n(.*?)^```", page, re.MULTILINE | re.DOTALL):
        loaded = compile_rules(block)
        assert loaded.plan is not None, loaded.errors
        flow = flow_picture(loaded)
        for rule in loaded.plan.rules:
            told += 1
            for sentence in sentences(rule):
                assert sentence[0].isupper(), sentence
                assert sentence.endswith("."), sentence
                assert "  " not in sentence, sentence
            assert all(kept.text for kept in kept_state(rule))
            inside = automaton_picture(loaded.plan, rule)
            assert {edge.source for edge in inside.edges} <= {node.id for node in inside.nodes}
            ElementTree.fromstring(FORMATS["svg"](inside))
        assert {end for edge in flow.edges for end in (edge.source, edge.target)} <= {node.id for node in flow.nodes}
        for draw in FORMATS.values():
            assert draw(flow)
    assert told > 40
