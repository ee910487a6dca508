"""Patterns of every form, and random streams around them: the engine against the oracle, and against itself.

What a pair held is counted: ``--hypothesis-show-statistics``.
"""

from __future__ import annotations

import pytest
from hypothesis import event, given, seed, settings
from hypothesis import strategies as st

from cep.engine import Engine
from cep.plan.plan import PatternPlan
from tests.properties.generate_patterns import WORDS, measure, pattern_pairs
from tests.properties.generate_rules import Scenario, scattered
from tests.properties.pairs import assert_equal, part_examples, pattern_examples
from tests.properties.test_determinism import (
    assert_a_cut_changes_nothing,
    assert_any_arrival,
    assert_any_interleaving,
    assert_batches_equal_single_events,
    assert_specialised_equals_general,
    plan_of,
)
from tests.properties.test_generated_equals_interpreted import assert_generated_equals_interpreted

SHARDS = 8
"""So that the pairs spread over processes."""
FIXED = settings.default.derandomize
SHARD = settings(
    max_examples=pattern_examples(1 / SHARDS), derandomize=False, database=None if FIXED else settings.default.database
)
PART = settings(max_examples=part_examples())


@pytest.mark.parametrize("shard", range(SHARDS))
def test_the_engine_equals_the_oracle(shard: int) -> None:
    @SHARD
    @given(pattern_pairs())
    def look_at(pair: Scenario) -> None:
        assert_equal(pair)

    if FIXED:  # with a seed of its own: without one each shard would draw the same
        look_at = seed(shard)(look_at)
    look_at()


@PART
@given(scattered(pattern_pairs()))
def test_out_of_order_over_partitions(pair: Scenario) -> None:
    assert_equal(pair)


@PART
@given(pattern_pairs(), st.data())
def test_a_cut_anywhere_changes_nothing(pair: Scenario, data: st.DataObject) -> None:
    assert_a_cut_changes_nothing(pair, data.draw(st.integers(0, len(pair.events)), label="cut"))


@settings(max_examples=part_examples(0.2))
@given(pattern_pairs())
def test_a_cut_at_each_event_changes_nothing(pair: Scenario) -> None:
    for cut in range(len(pair.events) + 1):
        assert_a_cut_changes_nothing(pair, cut)


@PART
@given(pattern_pairs(), st.data())
def test_batches_of_lines_equal_single_events(pair: Scenario, data: st.DataObject) -> None:
    assert_batches_equal_single_events(pair, data)


@PART
@given(pattern_pairs(), st.data())
def test_partitions_in_any_interleaving(pair: Scenario, data: st.DataObject) -> None:
    assert_any_interleaving(pair, data)


@PART
@given(pattern_pairs(), st.data())
def test_any_arrival_within_the_lateness(pair: Scenario, data: st.DataObject) -> None:
    assert_any_arrival(pair, data)


@PART
@given(pattern_pairs())
def test_specialised_equals_general(pair: Scenario) -> None:
    first = plan_of(pair).rules[0].operator
    shareable = isinstance(first, PatternPlan) and first.shareable and not first.counts_only
    event("shared" if shareable else "not shared")
    assert_specialised_equals_general(pair)


@PART
@given(pattern_pairs())
def test_generated_equals_interpreted(pair: Scenario) -> None:
    assert_generated_equals_interpreted(pair)


@PART
@given(pattern_pairs())
def test_two_engines_of_the_same_rules_agree(pair: Scenario) -> None:
    """Nothing depends on what an engine has seen before, or on the process (hashes, identities)."""
    made = [Engine.from_rules(pair.rules) for _ in range(2)]
    first, second = ([d.to_json() for e in pair.events for d in engine.push(dict(e))] for engine in made)
    assert first == second


def test_a_third_of_the_pairs_matches() -> None:
    """By the oracle, so that it holds for what the engine does not run yet too; and no family is without matches."""
    counts = measure(400)
    assert counts["all"] >= 300
    assert 3 * counts["all, match"] >= counts["all"]
    for word in WORDS:
        assert counts[f"with {word.strip()}, match"] > 0, word
