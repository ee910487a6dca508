"""Testing rules: the ``test`` blocks of rule files, and the helpers with which applications test theirs.

.. code-block:: python

    import pytest
    from cep.testing import RuleTests

    RULES = RuleTests.from_rules("rules/")

    @pytest.mark.parametrize("name", RULES.names)
    def test_rules(name):
        RULES.assert_passes(name)

    def test_three_failures():
        RULES.check('''
            given 3x every 10s Login(user = "ann", outcome = "failure")
            expect 20s BruteForce(user = "ann", attempts = 3)
        ''')

======================================================  ======================================================
:class:`RuleTests`                                      the tests of rules: run them, or write others in Python
:class:`RuleTestResult`, :class:`Outcomes`              what became of one, and of all
:class:`Expected`, :class:`Pair`, :class:`Problem`      what was expected beside what came
:class:`Coverage`                                       which rules lack a test
:func:`explain_miss`, :class:`Miss`                     why a derived event did not come
======================================================  ======================================================
"""

from cep.testing.missing import Miss, explain_miss
from cep.testing.results import Coverage, Expected, Outcomes, Pair, Problem, RuleTestResult
from cep.testing.running import RuleTests

__all__ = [
    "Coverage",
    "Expected",
    "Miss",
    "Outcomes",
    "Pair",
    "Problem",
    "RuleTestResult",
    "RuleTests",
    "explain_miss",
]
