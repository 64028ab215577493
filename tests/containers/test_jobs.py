"""Jobs with `container:`, run by act in a real container engine, with the action used as in the example."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.support.projects import Project
from tools.compatibility.engines import Engine
from tools.shared import ROOT
from tools.shared.act import Act, Job

_SLIM, _ALPINE, _WITH_DEBIANS = "python:3.13-slim", "python:3.13-alpine", "python:3.13"

_EXAMPLE = (ROOT / "examples" / "container.yml").read_text(encoding="utf-8")
_INPUT = "python: /usr/local\n"

# Prints what the step hands to later steps, and whether the image has bash.
_LATER = """\
      - id: later
        shell: sh
        run: |
          python -c 'import alpha, sys; print(sys.prefix, "alpha", alpha.__version__)'
          for name in python pytest bash; do command -v $name || echo no $name; done
"""


@pytest.fixture
def run(act: Act, engine: Engine, project: Project, base: str) -> Callable[[str], Job]:
    """A function that runs the example, optionally modified, in the image `base` with a further step, and returns its job."""

    def run(example: str) -> Job:
        path = project.folder / ".github" / "workflows" / "container.yml"
        path.parent.mkdir(parents=True)
        path.write_text(example.replace(_SLIM, base) + _LATER, encoding="utf-8")
        (job,) = act.run(project.folder, ".github/workflows/container.yml", "--pull=false", DOCKER_HOST=engine.environ["DOCKER_HOST"])
        return job

    return run


@pytest.mark.container("container job in {base}")
@pytest.mark.parametrize(
    ("base", "bash"), [pytest.param(_SLIM, "/bash", id="slim"), pytest.param(_ALPINE, "no bash", id="alpine"), (_WITH_DEBIANS, "/bash")]
)
def test_the_example_installs_into_the_python_of_the_image(run: Callable[[str], Job], bash: str) -> None:
    """The step gets uv from pip, and later steps can use the packages and their scripts."""
    job = run(_EXAMPLE)
    *later, shell = job.printed("later").splitlines()

    assert "success" == job.result, job.log
    assert "pytest 9.0\n" in job.log
    assert ["/usr/local alpha 1.0", "/usr/local/bin/python", "/usr/local/bin/pytest"] == later
    assert shell.endswith(bash)


@pytest.mark.container("container job in {base}")
@pytest.mark.parametrize("base", [_SLIM, _ALPINE])
def test_without_the_input_the_step_fails_and_names_it(run: Callable[[str], Job]) -> None:
    job = run(_EXAMPLE.replace(_INPUT, "no-dev: true\n"))

    ((properties, message),) = job.annotations("error")
    assert ("failure", "python-not-found") == (job.result, properties["title"]), job.log
    assert "`python`" in message
    assert "" == job.printed("later")


@pytest.mark.container("container job in {base}")
@pytest.mark.parametrize("base", [_WITH_DEBIANS])
def test_debians_own_python_is_refused(run: Callable[[str], Job]) -> None:
    job = run(_EXAMPLE.replace(_INPUT, "python: /usr/bin/python3\n"))

    ((properties, message),) = job.annotations("error")
    assert ("failure", "python-unsuitable") == (job.result, properties["title"]), job.log
    assert message.startswith("/usr/bin/python3 is externally managed")
