"""The YAML blocks in the documents do what they show."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support import documents
from tools.shared.act import Act
from tools.shared.pythons import found

# test_examples.py runs the examples; blocks from before a migration are not ours, and the document gives the reason for the others.
_ELSEWHERE = ("example ", "before", "not run: ")


def _shown() -> dict[Path, list[documents.Block]]:
    shown = {
        document: [block for block in documents.blocks(document) if block.language == "yaml" and not block.comment.startswith(_ELSEWHERE)]
        for document in documents.DOCUMENTS
    }
    return {document: found_there for document, found_there in shown.items() if found_there}


@pytest.mark.parametrize("document", _shown(), ids=documents.name)
def test_what_is_shown_works(act: Act, workspace: Path, document: Path) -> None:
    """Each YAML block, completed with the steps that it takes for granted, is a job that succeeds."""
    newest = found()[-1]
    folder = workspace / ".github" / "workflows"
    for number, block in enumerate(_shown()[document]):
        text = documents.workflow(block.text).replace('python-version: "3.13"', f'python-version: "{newest.minor}"')
        path = folder / f"shown-{number}.yml"
        # The prefix in container images; here it is a copy.
        path.write_text(text.replace("python: /usr/local\n", f"python: {act.location(newest)}\n"))

        (job,) = act.run(workspace, str(path.relative_to(workspace)))

        assert "success" == job.result, f"{block.place}\n{job.log}"
