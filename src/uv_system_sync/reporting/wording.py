"""Says for a shell what the other rooms say for a workflow; it changes whole phrases of ours, and no values."""

from __future__ import annotations

import re

_INSTALL = "first, for example with `pip install uv`."

# In this order: whole sentences, inputs, then single words.
_PHRASES = (
    (r"Use action\.yml of this action unchanged, or install uv in an earlier step\.", f"Install it {_INSTALL}"),
    (r"Install uv in an earlier step, or set `uv-version`\.", f"Install uv {_INSTALL}"),
    (r"uv first on PATH, or set `uv-version`\.", "uv first on PATH."),
    (r"Set `uv-version` to a newer one, or put a newer uv first on PATH\.", "Put a newer uv first on PATH."),
    (r"More than one name in `packages`", "More than one `--package`"),
    (
        r"Set `uv-version` to one that the project accepts, or leave it empty and let setup-uv choose,",
        "Install a uv that the project accepts,",
    ),
    (r"Read the output `uv-version` instead\.", "Run `uv --version` instead."),
    (r"Use actions/setup-python, set `python` to", "Set `python` to another one, such as /usr/local in an image of Python, to"),
    (r"use actions/setup-python's, or install", "install"),
    (
        r"Give actions/setup-python a `python-version` that the project accepts, leave this version out of the matrix \(`exclude:`\),",
        "Name a Python that the project accepts with `--python`,",
    ),
    (
        r"Set `python-version` of actions/setup-python to a newer one, or leave this one out of the matrix\.",
        "Name a newer one with `--python`.",
    ),
    (r"Leave this (platform or version|Python or platform) out of the matrix \(`exclude:`\),", r"Use another \1,"),
    (r"relative to the repository; run actions/checkout before this step\.", "relative to the current folder."),
    (
        r"Run actions/checkout before this step, or set `working-directory` to the project's folder\.",
        "Run it in the project's folder, or name that with `--working-directory`.",
    ),
    (r"The step was cancelled; uv was ended and no later step sees a result of it\.", "It was cancelled, and uv was ended."),
    (r"check that \.gitignore does not name it\.", "check that neither .gitignore nor .dockerignore names it."),
    (
        r"Correct `args` in the step, or set `uv-version` to one that takes it\.",
        "Correct what follows `--`, or install a uv that takes it.",
    ),
    (r"or set `uv-version` to one that knows it,", "or install a uv that knows it,"),
    (r"Name the member in `packages`,", "Name the member with `--package`,"),
    (r"take `([^`]*)` out of `(extra|group)s`", r"leave out `--\2 \1`"),
    (r"; the step's log has all of it\.", "."),
    (r"Give the step credentials that (\S+) accepts: (.*), from secrets,", r"Give it credentials that \1 accepts: \2,"),
    (r" in an earlier step, from secrets: the job's own token reads the job's own repository alone\.", "."),
    (r"with the log of this step:", "with what it has printed:"),
    (r"tells? in a step what there is", "tell what there is"),
    (r"`ulimit -a` in a step tell", "`ulimit -a` tell"),
    (r"has to work in a step\.", "has to work."),
    (r"in a step of its own", "by itself"),
    (r"in an earlier step", "first"),
    (r", installed before this step,", ", installed before,"),
    (r" in the step, or define", ", or define"),
    (r"the input `([a-z-]+)`", r"`--\1`"),
    (r"`(extra|group|package)s: ([^`]*)`", r"`--\1 \2`"),
    (r"`(extra|group|package)s`(?= holds|, or define)", r"`--\1`"),
    (r"\b([Ss])et `([a-z]+(?:-[a-z]+)*): true`", lambda found: f"{'Uu'[found[1] == 's']}se `--{found[2]}`"),
    (r"`([a-z]+(?:-[a-z]+)*): true`", r"`--\1`"),
    (r"`(UV_[A-Z_]+): true`", r"`\1=true`"),
    (r"^`args` holds `([^`]*)`, which", r"After `--` is `\1`, which"),
    (r"in `args`", "after `--`"),
    (r"\b([Ss])et `(python|working-directory)` to", r"\1et `--\2` to"),
    (r"^`python` is ", "`--python` is "),
    (r"`working-directory`", "`--working-directory`"),
    (r"^The step may not write", "This user may not write"),
    (r"the step's user", "this user"),
    (r"\banother step\b", "another process"),
    (r"\b([Tt])he step\b", r"\1he command"),
    (r"\bthis step\b", "this command"),
    (r"\b([Tt])he action\b", r"\1he command"),
    (r"\b([Rr])un the job again", r"\1un it again"),
    (r"\b([Tt])he runner has run\b", r"\1he machine has run"),
    (r"that the runner reaches", "that this machine reaches"),
)


def of_a_shell(text: str) -> str:
    """Return `text`, which is ours, without what only a workflow has."""
    for phrase, other in _PHRASES:
        text = re.sub(phrase, other, text)
    return text
