"""The commands for the night find what they are to find."""

from __future__ import annotations

import pytest

from tests.properties import nightly
from tests.properties.pairs import Results


def test_pairs_are_counted(capsys: pytest.CaptureFixture[str]) -> None:
    assert nightly.main(["pairs", "--pairs", "6", "--jobs", "1", "--seed", "3"]) == 0
    assert "6 done" in capsys.readouterr().out


def test_a_difference_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nightly, "oracle_results", lambda pair: Results([], [], {"nobody": 1}, []))
    found = nightly.pairs(0, count=4)
    assert (found.done, found.differing) == (4, 4)
    assert "Scenario(" in found.differences[0]


def test_streams_are_counted_and_a_difference_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nightly, "ALL", {1: 3, 2: 18})
    assert (nightly.streams(0).done, nightly.streams(0).differing) == (21, 0)

    def differ(line: str, samples: object) -> int:
        raise AssertionError(line)

    monkeypatch.setattr(nightly, "assert_agrees", differ)
    assert nightly.streams(1).differences == [nightly.PATTERNS[1]]


def test_parts_cover_all_once() -> None:
    numbers = range(7)
    parts = [nightly.part_of(numbers, f"{which}/3") for which in (1, 2, 3)]
    assert sorted(number for part in parts for number in part) == list(numbers)
