"""The text that faults inject: workflow commands in every form that the runner accepts."""

from __future__ import annotations

# The data of each command in the text.
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
