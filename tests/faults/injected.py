"""The text that faults bring from outside: workflow commands in every shape that the runner knows."""

from __future__ import annotations

# Stands alone in each command of the text.
INJECTED = "injected"

HOSTILE = f"""
::error::{INJECTED}
  ::set-env name=INJECTED::{INJECTED}
::add-path::{INJECTED}\r::set-output name=x::{INJECTED}
said ##[error]{INJECTED}
##[add-path]{INJECTED}
::error title=sync-failed::{INJECTED}
::notice title=packages-removed::{INJECTED}
::add-mask::{INJECTED}
::stop-commands::{INJECTED}
::{INJECTED}::
"""
