"""Whatever a name holds, it is text in every format: parsed by others' parsers, it comes out as it went in."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from html.parser import HTMLParser
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cep.diagnostics import visible
from cep.drawing.dot import dot
from cep.drawing.dot import quoted as dot_quoted
from cep.drawing.formats import FORMATS
from cep.drawing.json_form import picture_json
from cep.drawing.mermaid import inert, mermaid
from cep.drawing.page import html_page
from cep.drawing.picture import Edge, Node, Picture
from cep.drawing.svg import svg

HOSTILE = [
    'a "quoted" name',
    "it's `ticked`",
    "</script><script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "--> n0",
    "%%{init: {'theme':'dark'}}%%",
    'click n0 "javascript:alert(1)"',
    "end",
    "&lt;b&gt; &amp; &#34; &quot;",
    "#quot; #35; #amp;",
    "a\nb\r\nc",
    "back\\slash \\N \\G \\n",
    "<!-- comment --> ]]> <![CDATA[",
    "x; y | z {a} [b] (c) ((d))",
    "\u202eright to left\u202c",
    "שלום עולם",
    "日本語の名前" * 5,
    "n" * 5_000,
    "\x00\x1b[31m",
    "",
    " ",
    "\u2028\u2029\ufeff",
    "😀 emoji 👩‍🚀",
    "'; DROP TABLE",
    "{{ template }} ${x} {{{{",
]


def picture(name: str) -> Picture:
    node = Node("a", "rule", name, (name,), (name,), name, "high", (name,), frozenset({"unread"}), name)
    return Picture(
        name, name, (node, Node("b", "event", name), Node("c", "table", "c")), (Edge("a", "b", name), Edge("b", "c"))
    )


def shown(name: str) -> str:
    return "\n".join(visible(line) for line in name.split("\n"))


def squeezed(text: str) -> str:
    """Without blanks, which wrapping moves."""
    return "".join(text.split())


class Page(HTMLParser):
    """The elements of a page, their attributes, and the text of each kind of element."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: dict[str, list[str]] = {}
        self._open: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in ("meta", "input"):
            self._open.append(tag)
            self.texts.setdefault(tag, []).append("")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self._open:
            self.texts[self._open[-1]][-1] += data

    @property
    def shape(self) -> list[tuple[str, tuple[str, ...]]]:
        return [(tag, tuple(attributes)) for tag, attributes in self.elements]


@pytest.mark.parametrize("name", HOSTILE)
def test_svg(name: str) -> None:
    root = ElementTree.fromstring(svg(picture(name)))
    space = "{http://www.w3.org/2000/svg}"
    title = root.find(f"{space}title")
    assert title is not None
    assert (title.text or "") == shown(name)
    tags = {element.tag.removeprefix(space) for element in root.iter()}
    assert tags <= {"svg", "title", "desc", "style", "defs", "marker", "path", "rect", "g", "text"}
    [group] = [g for g in root.iter(f"{space}g") if g.get("data-node") == "n0"]
    assert group.find(f"{space}title").text == f"rule {shown(visible(name))}, severity high, unread\n{visible(name)}"  # type: ignore[union-attr]
    label = "".join(text.text or "" for text in group.iter(f"{space}text") if text.get("class") == "name")
    if len(name) < 80:
        assert squeezed(label) == squeezed(visible(name))
    attributes = {attribute for element in root.iter() for attribute in element.attrib}
    assert not any(attribute.startswith("on") or "href" in attribute for attribute in attributes)


@pytest.mark.parametrize("name", HOSTILE)
def test_html(name: str) -> None:
    text = html_page(picture(name))
    page = Page(text)
    calm = Page(html_page(picture(re.sub(r"[^a-zA-Z ]", "x", visible(name)) or "")))
    assert {tag for tag, _ in page.elements} == {tag for tag, _ in calm.elements}
    assert page.texts["h1"] == [visible(name)]
    data = json.loads(page.texts["script"][0])
    assert data["nodes"][0]["name"] == shown(name)
    assert data["nodes"][0].get("text", "") == shown(name)
    assert len(page.texts["script"]) == 2
    assert text.count("</script>") == 2
    attributes = {attribute for _, given in page.elements for attribute in given}
    assert not any(attribute.startswith("on") or attribute in ("href", "src", "style") for attribute in attributes)


@pytest.mark.parametrize("name", HOSTILE)
def test_json(name: str) -> None:
    found = json.loads(picture_json(picture(name)))
    assert found["nodes"][0]["name"] == name
    assert found["edges"][0].get("label", "") == name


_MERMAID_NODE = re.compile(r'  n\d+(\[|\(|\[\()"((?:[\w .,]|#\d+;|<br/>)*)"(\]|\)|\)\])', re.UNICODE)
_MERMAID_EDGE = re.compile(r'  n\d+ -->(\|"((?:[\w .,]|#\d+;|<br/>)*)"\|)? n\d+', re.UNICODE)
_MERMAID_LOOKS = re.compile(r"  (classDef \w+ [\w:#,\- ]+|class [n\d,]+ \w+)")


@pytest.mark.parametrize("name", HOSTILE)
def test_mermaid(name: str) -> None:
    first, *lines = mermaid(picture(name)).rstrip("\n").split("\n")
    assert first == "flowchart LR"
    for line in lines:
        shapes = (_MERMAID_NODE, _MERMAID_EDGE, _MERMAID_LOOKS)
        assert any(shape.fullmatch(line) for shape in shapes), line
    back = re.sub(r"#(\d+);", lambda number: chr(int(number[1])), inert(name))
    assert back.replace("\u200b", "") == visible(name)
    assert "\\n" not in back


def test_mermaid_classes_are_no_words_of_mermaid() -> None:
    from cep.drawing.mermaid import _CLASSES

    reserved = {"end", "default", "class", "click", "style", "subgraph", "graph", "flowchart", "direction", "linkStyle"}
    assert reserved & {name for name, _ in _CLASSES} == set()


_DOT_STRING = re.compile(r'"(?:[^"\\]|\\.)*"')


@pytest.mark.parametrize("name", HOSTILE)
def test_dot_strings(name: str) -> None:
    text = dot(picture(name))
    bare = _DOT_STRING.sub('""', text)
    assert re.fullmatch(r'[\w\s{}\[\]=\->.,"]*', bare), bare
    inner = dot_quoted(name)[1:-1]
    assert inner.replace('\\"', '"').replace("\\\\", "\\").replace("&amp;", "&") == shown(name)


@pytest.mark.skipif(shutil.which("dot") is None, reason="Graphviz (the program `dot`) is not installed")
@pytest.mark.parametrize("name", HOSTILE)
def test_what_graphviz_makes_of_it(name: str) -> None:
    made = subprocess.run(["dot", "-Tsvg"], input=dot(picture(name)).encode(), capture_output=True, check=True).stdout
    root = ElementTree.fromstring(made)
    space = "{http://www.w3.org/2000/svg}"
    groups = {g.find(f"{space}title").text: g for g in root.iter(f"{space}g") if g.get("class") == "node"}  # type: ignore[union-attr]
    assert set(groups) == {"n0", "n1", "n2"}
    told = "".join(text.text or "" for text in groups["n1"].iter(f"{space}text"))
    if len(name) < 80:
        assert squeezed(told.replace("\xa0", " ")) == squeezed(visible(name))


@given(st.text(max_size=80))
def test_any_text_at_all(name: str) -> None:
    drawn = picture(name)
    ElementTree.fromstring(svg(drawn))
    assert Page(html_page(drawn)).texts["h1"] == [visible(name)]
    assert json.loads(picture_json(drawn))["nodes"][0]["name"] == name
    assert mermaid(drawn).count("\n") == mermaid(picture("calm")).count("\n")
    assert _DOT_STRING.sub("", dot(drawn)).count('"') == 0


def test_no_format_needs_anything_from_elsewhere() -> None:
    for form, draw in FORMATS.items():
        text = draw(picture("calm")).replace("http://www.w3.org/2000/svg", "")
        assert "http" not in text.replace("http-equiv", ""), form
        assert "@import" not in text
        assert "url(" not in text.replace("url(#", "")


def test_the_page_runs_only_its_own_script() -> None:
    import base64
    import hashlib

    page = Page(html_page(picture("calm")))
    [policy] = [given["content"] for tag, given in page.elements if tag == "meta" and "http-equiv" in given]
    digest = base64.b64encode(hashlib.sha256(page.texts["script"][1].encode()).digest()).decode()
    assert policy is not None
    assert "default-src 'none'" in policy
    assert f"script-src 'sha256-{digest}'" in policy
