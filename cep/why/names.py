"""Names and keys that nearly came. Why layer."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from difflib import SequenceMatcher, get_close_matches
from typing import Any

from cep.plan.plan import Plan
from cep.why.conditions import value_text
from cep.why.watching import key_values

_MOST = 3


def near_types(seen: Mapping[str, int], wanted: Iterable[str]) -> Iterator[str]:
    """``did you mean `login`, of which 12 came?``, for each type that never came."""
    plain: dict[str, str] = {}
    for kind in seen:
        plain.setdefault(_plain(kind), kind)
    for kind in wanted:
        near = get_close_matches(_plain(kind), plain, n=1, cutoff=0.7)
        if near and seen[plain[near[0]]]:
            found = plain[near[0]]
            yield f"`{found}` is written almost like `{kind}`: {seen[found]:,} came"


def emitters_note(plan: Plan, wanted: Sequence[str]) -> Iterator[str]:
    """Of types that rules emit: which rules, none of which has fired."""
    for rule in plan.rules:
        if rule.emit.type in wanted:
            yield f"the rule `{rule.name}` emits `{rule.emit.type}`, and did not fire either"


def near_keys(seen: Mapping[Any, int], wanted: Sequence[str]) -> list[Any]:
    """The keys that are written most like the one asked for."""
    text = _plain(" ".join(wanted))
    scored = []
    for key in seen:
        shown = _plain(" ".join("" if part is None else str(part) for part in key_values(key)))
        score = SequenceMatcher(None, text, shown).ratio() if abs(len(text) - len(shown)) < 40 else 0.0
        if score >= 0.6:
            scored.append((score, key))
    scored.sort(key=lambda pair: -pair[0])
    return [key for _, key in scored[:_MOST]]


def key_text(key: Any) -> str:
    """A key as it would be typed."""
    return ", ".join(value_text(part) for part in key_values(key))


def _plain(name: str) -> str:
    return name.replace("_", "").replace("-", "").replace(" ", "").lower()
