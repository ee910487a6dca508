"""The checker ends in diagnostics, never in an exception, whatever tree it is given."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from cep.diagnostic_codes import CODES
from cep.language.check import check
from cep.language.parser import parse
from cep.language.printer import print_file
from tests.language import trees
from tests.language.check import known_words


@given(st.lists(trees.files(), min_size=1, max_size=2))
def test_any_files(files: list[object]) -> None:
    rules, found = check(files)  # type: ignore[arg-type]
    assert (rules is None) == any(d.severity == "error" for d in found)
    assert check(files) == (rules, found)  # type: ignore[arg-type]
    for diagnostic in found:
        assert diagnostic.message, diagnostic
        assert not diagnostic.message.endswith("."), diagnostic


@given(trees.files(2))
def test_checking_looks_at_meaning_only(file: object) -> None:
    """What is read from a print, and read back from the print of that, give the same findings.

    Not the tree before it was printed: it has no places, and what follows from an error is told by its place.
    """
    parsed = parse(print_file(file))  # type: ignore[arg-type]
    _, found = check([parsed])
    _, read_back = check([parse(print_file(parsed.tree))])
    assert sorted({(d.code, d.message) for d in found}) == sorted({(d.code, d.message) for d in read_back})


@given(known_words.files())
def test_files_of_known_words(text: str) -> None:
    parsed = parse(text)
    rules, found = check([parsed])
    assert (rules is None) == any(d.severity == "error" for d in found)
    for diagnostic in found:
        assert diagnostic.code in CODES, diagnostic
        assert diagnostic.span.line > 0, diagnostic
        assert "None" not in diagnostic.message, diagnostic
