"""The steps of action.yml, as tests and benchmarks run them."""

from __future__ import annotations

import pytest

from tools.shared.action_steps import steps


def test_the_run_steps_of_action_yml_have_evaluated_variables() -> None:
    found = steps({"no-dev": "true"})
    variables = {name: value for step in found for name, value in step.variables.items()}

    assert ["sync"] == [step.name for step in found]
    assert "true" == variables["UV_SYSTEM_SYNC_NO_DEV"]
    assert "false" == variables["UV_SYSTEM_SYNC_FROZEN"]


def test_an_input_that_is_not_declared() -> None:
    """An input that action.yml does not declare is an error in the test."""
    with pytest.raises(KeyError, match="declares no input nope"):
        steps({"nope": "true"})
