"""Which definitions rules are written with. Language layer.

Checking expands definitions, so that a checked rule no longer tells; this reads the syntax trees again.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from cep.language import syntax
from cep.language.checking.namespace import Namespace
from cep.language.parser import ParsedFile
from cep.language.report import Report


@dataclass(frozen=True, slots=True)
class Mentions:
    """What a rule or a definition names directly: event types, and definitions by their phrase as declared."""

    types: tuple[str, ...]
    definitions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DefinitionUses:
    """By name of the rule and by phrase of the definition."""

    rules: dict[str, Mentions]
    definitions: dict[str, Mentions]
    declared: dict[str, syntax.Definition]


def definition_uses(parsed: Sequence[ParsedFile]) -> DefinitionUses:
    """For files that check without errors."""
    namespace = Namespace.of(parsed, Report())
    declared = {definition.phrase: definition for definition in namespace.definitions.values()}
    return DefinitionUses(
        {rule.name: _mentions(rule, namespace) for rule in namespace.all_rules},
        {phrase: _mentions(definition.events, namespace) for phrase, definition in declared.items()},
        declared,
    )


def _mentions(node: object, namespace: Namespace) -> Mentions:
    types: dict[str, None] = {}
    definitions: dict[str, None] = {}
    for phrase in _phrases(node):
        meaning = namespace.lookup(phrase.words, phrase.span)
        if meaning.definition is None:
            types[meaning.type] = None
        else:
            definitions[meaning.definition.phrase] = None
    return Mentions(tuple(types), tuple(definitions))


def _phrases(node: object) -> Iterator[syntax.EventPhrase]:
    if isinstance(node, syntax.EventPhrase):
        yield node
    if dataclasses.is_dataclass(node):
        for each in dataclasses.fields(node):
            if each.name not in ("span", "name_span", "clause_spans"):
                yield from _phrases(getattr(node, each.name))
    elif isinstance(node, tuple):
        for item in node:
            yield from _phrases(item)
