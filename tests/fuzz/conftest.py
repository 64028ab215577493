"""The number of examples: 50 fixed ones for each test, or many new ones with HYPOTHESIS_PROFILE=thorough."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, configuration, settings

from tools.shared import ROOT

# Store hypothesis's database in pytest's cache folder.
configuration.set_hypothesis_home_dir(ROOT / ".pytest_cache" / "hypothesis")

_SUPPRESSED = (HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example)

settings.register_profile("suite", max_examples=50, derandomize=True, database=None, deadline=None, suppress_health_check=_SUPPRESSED)
settings.register_profile("thorough", max_examples=600, database=None, deadline=None, print_blob=True, suppress_health_check=_SUPPRESSED)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "suite"))
