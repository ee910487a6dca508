"""YAML text to nodes that know their places. Language layer.

A subset of YAML 1.2 with its core schema: ``no``, ``on`` and ``NO`` are text. Anchors, aliases, tags, merge keys,
duplicate keys, several documents, and nesting of more than 64 levels are refused: a rule file is read by people
first. The nodes are built from the event stream without recursion, so that hostile input ends in a diagnostic.

Each character of a scalar knows the character of the file that it was written as (``Scalar.origins``), whatever its
style; with it, errors inside a fragment of the language point at the right line and column.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

from cep.diagnostics import Diagnostic, Span
from cep.language.reader.places import Places

MAX_BYTES = 256 * 1024
MAX_DEPTH = 64

ScalarKind = Literal["text", "int", "float", "bool", "null"]


@dataclass(slots=True)
class Scalar:
    """A single value: ``text`` as read, ``kind`` by the core schema (always ``text`` when quoted).

    ``refused``: it was reported here and stands for nothing.
    """

    text: str
    kind: ScalarKind
    start: int
    end: int
    origins: list[int]
    span: Span
    refused: bool = False


@dataclass(slots=True)
class Items:
    """A sequence."""

    items: list[Node]
    span: Span


@dataclass(slots=True)
class Entries:
    """A mapping, in the order written, without duplicates."""

    pairs: list[tuple[Scalar, Node]]
    span: Span

    def get(self, key: str) -> Node | None:
        """The value of a key, or null."""
        return next((node for name, node in self.pairs if name.text == key), None)


Node = Scalar | Items | Entries


@dataclass(slots=True)
class _Open:
    """A collection that is being read. ``key`` is the key that waits for its value."""

    node: Items | Entries
    key: Scalar | None = None
    skipping: bool = False
    seen: dict[str, Span] = field(default_factory=dict)


_KINDS: tuple[tuple[ScalarKind, re.Pattern[str]], ...] = (
    ("null", re.compile(r"null|Null|NULL|~|")),
    ("bool", re.compile(r"true|True|TRUE|false|False|FALSE")),
    ("int", re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")),
    ("float", re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")),
)


def read_nodes(text: str, places: Places) -> tuple[Node | None, list[Diagnostic]]:
    """The document's root (null when empty or unreadable) and what is wrong with it as YAML."""
    if len(text.encode("utf-8", "replace")) > MAX_BYTES:
        end = len(text.split("\n", 1)[0])
        hint = "split it into several files: a folder of rules is one namespace"
        message = f"this file is longer than {MAX_BYTES // 1024} KiB"
        return None, [Diagnostic("CEP126", message, places.span(0, max(end, 1)), hint)]
    return _Composer(text, places).compose()


class _Composer:
    """Builds the nodes of one document from its events."""

    def __init__(self, text: str, places: Places) -> None:
        self.text = text
        self.places = places
        self.diagnostics: list[Diagnostic] = []
        self._stack: list[_Open] = []
        self._root: Node | None = None
        self._documents = 0

    def compose(self) -> tuple[Node | None, list[Diagnostic]]:
        import yaml

        try:
            for event in _events(self.text):
                if not self._take(event):
                    return None, self.diagnostics
        except yaml.MarkedYAMLError as error:
            self._report_yaml(error)
            return None, self.diagnostics
        except yaml.reader.ReaderError as error:
            self._bad_character(error.position)
            return None, self.diagnostics
        except UnicodeEncodeError as error:  # half of a surrogate pair
            self._bad_character(error.start)
            return None, self.diagnostics
        return self._root, self.diagnostics

    def _bad_character(self, position: int) -> None:
        span = self.places.span(position, position + 1)
        self._report("CEP140", "this character may not stand in YAML", span, "write it as an escape in double quotes")

    def _report(
        self, code: str, message: str, span: Span, hint: str | None, related: tuple[tuple[Span, str], ...] = ()
    ) -> None:
        self.diagnostics.append(Diagnostic(code, message, span, hint, related=related))

    def _report_yaml(self, error: Any) -> None:
        mark = error.problem_mark or error.context_mark
        offset = mark.index if mark is not None else 0
        offset = min(offset, max(len(self.text) - 1, 0))
        problem = str(error.problem or error.context or "cannot be read")
        span = self.places.span(offset, offset + 1)
        if "nesting" in problem:
            self._too_deep(span)
            return
        hint = (
            "indent with blanks"
            if "'\\t'" in problem
            else 'values that hold `: ` or begin with `[`, `{`, `"` stand in quotes'
        )
        self._report("CEP140", f"this is no YAML: {problem}", span, hint)

    def _take(self, event: Any) -> bool:
        """Takes one event; false if reading cannot go on."""
        import yaml

        start, end = event.start_mark.index, event.end_mark.index
        match event:
            case yaml.DocumentStartEvent():
                self._documents += 1
                if self._documents > 1:
                    self._report(
                        "CEP141", "a rule file is one document", self.places.span(start, end), "leave `---` out"
                    )
                    return False
            case yaml.AliasEvent():
                self._refuse_reference(self.places.span(start, end), f"*{event.anchor}")
                self._add(Scalar("", "null", start, end, [start], self.places.span(start, end), refused=True))
            case yaml.ScalarEvent():
                self._refuse_properties(event)
                self._add(self._scalar(event))
            case yaml.MappingStartEvent() | yaml.SequenceStartEvent():
                self._refuse_properties(event)
                return self._open(event)
            case yaml.MappingEndEvent() | yaml.SequenceEndEvent():
                self._close(event)
        return True

    def _refuse_reference(self, span: Span, text: str) -> None:
        self._report("CEP141", f"references such as `{text}` are not read in rule files", span, "write the value out")

    def _refuse_properties(self, event: Any) -> None:
        start = event.start_mark.index
        if event.anchor is not None:
            self._refuse_reference(self.places.span(start, start + len(event.anchor) + 1), f"&{event.anchor}")
        if event.tag is not None and self.text[start : start + 1] in ("!", "&"):
            length = len(re.split(r"\s", self.text[start:], maxsplit=1)[0])
            span = self.places.span(start, start + length)
            self._report(
                "CEP142", "tags such as `!!str` are not read in rule files", span, "write the value without a tag"
            )

    # ---- collections ----

    def _open(self, event: Any) -> bool:
        import yaml

        span = self.places.span(event.start_mark.index, event.end_mark.index)
        if len(self._stack) >= MAX_DEPTH:
            self._too_deep(span)
            return False
        parent = self._stack[-1] if self._stack else None
        if parent is not None and isinstance(parent.node, Entries) and parent.key is None:
            self._report("CEP146", "a key must be text", span, "write a name before the colon")
            return False
        node = Entries([], span) if isinstance(event, yaml.MappingStartEvent) else Items([], span)
        self._stack.append(_Open(node))
        return True

    def _too_deep(self, span: Span) -> None:
        self._report("CEP125", f"nested more than {MAX_DEPTH} levels deep", span, "no rule file needs that")

    def _close(self, event: Any) -> None:
        node = self._stack.pop().node
        last = self._last_span(node)
        if last is not None and event.start_mark.index == event.end_mark.index:
            node.span = node.span.to(last)
        else:
            node.span = node.span.to(self.places.span(event.start_mark.index, event.end_mark.index))
        self._add(node)

    def _last_span(self, node: Items | Entries) -> Span | None:
        if isinstance(node, Items):
            return node.items[-1].span if node.items else None
        if not node.pairs:
            return None
        key, value = node.pairs[-1]
        return max(key.span, value.span, key=lambda span: (span.end_line, span.end_column))

    def _add(self, node: Node) -> None:
        if not self._stack:
            self._root = node
            return
        parent = self._stack[-1]
        if isinstance(parent.node, Items):
            parent.node.items.append(node)
        elif parent.key is None:
            assert isinstance(node, Scalar)
            parent.key = node
            parent.skipping = self._refuse_key(parent, node)
        else:
            if not parent.skipping:
                parent.node.pairs.append((parent.key, node))
            parent.key = None

    def _refuse_key(self, parent: _Open, key: Scalar) -> bool:
        if key.text == "<<":
            self._report("CEP143", "merge keys are not read in rule files", key.span, "write the values out")
            return True
        if key.text in parent.seen:
            related = ((parent.seen[key.text], "the first is here"),)
            message = f"the key `{key.text}` stands twice"
            self._report("CEP144", message, key.span, "keep one of them, or join them", related)
            return True
        parent.seen[key.text] = key.span
        return False

    # ---- scalars ----

    def _scalar(self, event: Any) -> Scalar:
        start, end = event.start_mark.index, event.end_mark.index
        style = event.style
        while style not in ("'", '"') and end > start and self.text[end - 1].isspace():
            end -= 1
        start = self._behind_properties(start, end, event)
        text = str(event.value)
        kind = _kind(text) if not style else "text"
        origins = list(_origins(text, self.text, start, end, style))
        return Scalar(text, kind, start, end, origins, self.places.span(start, end))

    def _behind_properties(self, start: int, end: int, event: Any) -> int:
        if event.anchor is None and event.tag is None:
            return start
        match = re.compile(r"(?:[&!]\S*\s*)*").match(self.text, start, end)
        return match.end() if match else start


def _events(text: str) -> Iterator[Any]:
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return iter(yaml.parse(text, Loader=loader))


def _kind(text: str) -> ScalarKind:
    for kind, pattern in _KINDS:
        if pattern.fullmatch(text):
            return kind
    return "text"


_HEX_ESCAPES = {"x": 2, "u": 4, "U": 8}


def _origins(value: str, text: str, start: int, end: int, style: str | None) -> Iterator[int]:
    """For each character of a scalar's value the offset of what it was written as, and one more for the end.

    The value is the source less indentation and quotes, with folded line breaks and escapes: so the two are walked
    side by side, and what the source has more than the value is skipped.
    """
    position = start
    if style in ("'", '"'):
        position, end = start + 1, end - 1
    elif style in ("|", ">"):
        position = text.find("\n", start, end) + 1 or end
    for character in value:
        if style == '"' and text.startswith("\\\n", position):
            position += 2
        if not character.isspace():
            while position < end and text[position].isspace():
                position += 1
        yield min(position, end)
        position += _written(character, text, position, style)
    yield end


def _written(character: str, text: str, position: int, style: str | None) -> int:
    """How many characters of the source stand for one of the value."""
    written = text[position : position + 1]
    if style == '"' and written == "\\":
        return 2 + _HEX_ESCAPES.get(text[position + 1 : position + 2], 0)
    if style == "'" and text.startswith("''", position):
        return 2
    if written == character or not character.isspace():
        return 1
    return 1 if written.isspace() and character == "\n" else 0
