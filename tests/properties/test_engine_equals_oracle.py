"""Random rules over random streams: the engine derives what the oracle does, in the same order.

What is compared: :mod:`tests.properties.pairs`. Patterns of every form: :mod:`tests.properties.test_patterns`.
"""

from __future__ import annotations

from hypothesis import given

from tests.properties.generate_rules import Scenario, scattered_scenarios, scenarios, window_sets
from tests.properties.pairs import assert_equal


@given(scenarios())
def test_in_the_order_of_time(scenario: Scenario) -> None:
    assert_equal(scenario)


@given(scattered_scenarios())
def test_out_of_order_over_partitions(scenario: Scenario) -> None:
    assert_equal(scenario)


@given(scenarios(window_sets()))
def test_windows_in_the_order_of_time(scenario: Scenario) -> None:
    assert_equal(scenario)


@given(scattered_scenarios(window_sets()))
def test_windows_out_of_order_over_partitions(scenario: Scenario) -> None:
    assert_equal(scenario)
