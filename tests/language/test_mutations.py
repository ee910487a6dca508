"""One token deleted, inserted or swapped in good rules: no crash, and nearly all findings point at its place.

A sample here; ``CEP_HYPOTHESIS_PROFILE=nightly`` takes all. ``python -m tests.language.test_mutations [STEP [START]]``
prints the shares of every STEP-th mutation.
"""

from __future__ import annotations

import sys
from collections import Counter

import pytest

from tests.conftest import PROFILE
from tests.language.rule_mutations import all_good_files, is_near, mutations

SHARE = 0.9 if PROFILE == "quick" else 0.95
"""Of the findings; some hundred of them tell too little to be held to more."""
STEP = {"nightly": 1, "quick": 211}.get(PROFILE, 29)


def measure(step: int, start: int = 0) -> Counter[str]:
    """How many mutations, those that were told, their findings, and the findings near; counted over all files."""
    counts: Counter[str] = Counter()
    number = -start
    for good in all_good_files():
        for mutation in mutations(good):
            number += 1
            if number <= 0 or number % step:
                continue
            found = good.found(mutation.text)
            counts["mutations"] += 1
            counts["told"] += bool(found)
            counts["findings"] += len(found)
            counts["near"] += sum(is_near(each, mutation) for each in found)
    return counts


def test_there_are_200_good_rules() -> None:
    assert sum(len(good.rules()) for good in all_good_files()) >= 200


@pytest.mark.slow
def test_findings_point_at_the_mutation() -> None:
    counts = measure(STEP)
    assert counts["told"] > 0.9 * counts["mutations"] > 50, counts
    assert counts["near"] >= SHARE * counts["findings"], counts


if __name__ == "__main__":
    shares = measure(*map(int, sys.argv[1:]))
    print(dict(shares), f"{shares['near'] / shares['findings']:.1%} of the findings within one token")
