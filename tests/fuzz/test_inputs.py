"""Whatever text the inputs contain, reading them gives inputs or one error about one of them."""

from __future__ import annotations

from hypothesis import example, given
from hypothesis import strategies as st
from packaging.utils import canonicalize_name

from tests.fuzz import attempt, hostile
from tests.support import options
from uv_system_sync.errors import ActionError, InvalidInput
from uv_system_sync.inputs import Inputs, variable

_NAMES = (*(variable(name.replace("_", "-")) for name in Inputs._fields), "pythonLocation", "PYTHONLOCATION")
_values = hostile.text | st.sampled_from(("true", "FALSE", "dev lint", "a,b", "--extra 'a b'", "'", "\\"))


@given(environ=st.dictionaries(st.sampled_from(_NAMES), _values))
@example(environ={variable("extras"): hostile.MEGABYTES[0]})
@example(environ={variable("args"): hostile.MEGABYTES[1]})
def test_inputs_have_normalized_names_or_are_an_error_that_names_an_input(environ: dict[str, str]) -> None:
    inputs = attempt(lambda: Inputs.from_environ(environ))

    if isinstance(inputs, ActionError):
        assert InvalidInput is type(inputs)
        assert options(inputs)
        return
    names = [*inputs.extras, *inputs.groups, *inputs.packages]
    assert [canonicalize_name(name, validate=True) for name in names] == names
