"""What the entry points for fragments give. Language layer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lark import Token, Tree

    from cep.language.reader.declarations import DeclarationBuilder

    Built = Tree[Token]


def fragment_value(entry: str, tree: Built, builder: DeclarationBuilder) -> Any:
    """The value of the tree of ``ENTRY_entry``; the table is in ``parser.parse_fragment``."""
    children = builder.trees(tree)
    match entry:
        case "keys":
            return builder.keys(tree)
        case "at_most":
            count, every, *_ = children
            keys = builder.keys(tree)
            return builder.at_most_of(builder.positive(count), builder.build(every), keys, builder.span(tree))
        case "definition_head":
            words = builder.defined_words(builder.trees(tree, "define_word"))
            parameters = builder.trees(tree, "parameters")
            return words, builder.on_parameters(parameters[0]) if parameters else ()
        case "time":
            return builder.microseconds(builder.tokens(tree)[0])
        case "pattern" | "window_when":
            first, *second = [builder.build(child) for child in children]
            return first, second[0] if second else None
        case "count":
            return builder.positive(children[0])
        case "strategy":
            return builder.strategy(children[0])
        case _:
            return builder.build(children[0])
