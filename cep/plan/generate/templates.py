"""Code that is mostly fixed: written as text here in the source, with gaps that nodes are put into. Plan layer.

The text is ours and constant; what comes from a rule goes into the gaps as ``ast`` nodes, never as text. A gap is a
name: as a statement of its own it takes statements, inside an expression it takes one.
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Sequence
from textwrap import dedent
from typing import Any

Gap = ast.expr | Sequence[ast.stmt] | str | int
"""What goes into a gap: an expression, statements, another name, or a number."""


def statements(text: str, **gaps: Gap) -> list[ast.stmt]:
    """The statements of a text, its gaps filled. Each use of an expression is a copy."""
    tree = ast.parse(dedent(text))
    return _Filler(gaps).body(tree.body)


class _Filler(ast.NodeTransformer):
    def __init__(self, gaps: dict[str, Gap]) -> None:
        self._gaps = gaps

    def body(self, nodes: Sequence[ast.stmt]) -> list[ast.stmt]:
        """The statements, and in place of gaps what goes into them."""
        filled: list[ast.stmt] = []
        for node in nodes:
            found: Any = self.visit(node)
            filled.extend(found if isinstance(found, list) else [found])
        return filled

    def generic_visit(self, node: ast.AST) -> ast.AST:
        for field_name, value in ast.iter_fields(node):
            if isinstance(value, list) and value and isinstance(value[0], ast.stmt):
                setattr(node, field_name, self.body(value) or [ast.Pass()])
            elif isinstance(value, list):
                setattr(node, field_name, [self.visit(each) if isinstance(each, ast.AST) else each for each in value])
            elif isinstance(value, ast.AST):
                setattr(node, field_name, self.visit(value))
        return node

    def visit_Expr(self, node: ast.Expr) -> ast.AST | list[ast.stmt]:
        gap: Any = self._gaps.get(node.value.id) if isinstance(node.value, ast.Name) else None
        if isinstance(gap, list | tuple):
            filled: list[ast.stmt] = copy.deepcopy(list(gap))
            return filled
        return self.generic_visit(node)

    def visit_Name(self, node: ast.Name) -> ast.AST:
        gap = self._gaps.get(node.id)
        if gap is None:
            return node
        if isinstance(gap, str):
            return ast.Name(gap, node.ctx)
        if isinstance(gap, int):
            return ast.Constant(gap)
        assert isinstance(gap, ast.expr), node.id
        return copy.deepcopy(gap)

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        self.generic_visit(node)
        gap = self._gaps.get(node.attr)
        return ast.Attribute(node.value, gap, node.ctx) if isinstance(gap, str) else node
