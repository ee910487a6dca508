"""What every test folder shares: Hypothesis profiles and the places of the checkout.

``CEP_HYPOTHESIS_PROFILE=nightly python -m pytest`` runs the property suites with ten times the examples and a new seed;
``quick`` is for the edit loop. A test that sets ``max_examples`` itself is not scaled by the profile: leave it unset.
"""

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

ROOT = Path(__file__).resolve().parent.parent
SHARED = ROOT.parent / "shared"

# Time limits measure the machine and not the code, so no profile has any.
_untimed = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True)
settings.register_profile("ci", _untimed, max_examples=500, derandomize=True)
settings.register_profile("nightly", _untimed, max_examples=5_000)
settings.register_profile("quick", _untimed, max_examples=50)
PROFILE = os.environ.get("CEP_HYPOTHESIS_PROFILE", "ci")
settings.load_profile(PROFILE)


def pytest_report_header() -> list[str]:
    there = "there" if SHARED.is_dir() else "not there, tests on its real data are skipped"
    return [
        f"hypothesis profile: {PROFILE} ({settings.default.max_examples} examples)",
        f"../shared: {there}",
    ]


@pytest.fixture(scope="session")
def root() -> Path:
    """The checkout."""
    return ROOT


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real data beside the checkout; skips the test where it is missing."""
    if not SHARED.is_dir():
        pytest.skip("../shared with the real data is not beside this checkout")
    return SHARED
