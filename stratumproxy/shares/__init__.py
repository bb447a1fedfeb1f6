"""The share check: in C where that can run, in Python otherwise, and never silently.

The kernel is chosen at import: the best that this CPU can run and that passed its self-test.
The environment variable ``STRATUMPROXY_KERNEL`` demands one by name (``sha-ni``, ``armv8``,
``portable``, ``reference``); a name that is not there raises `StratumProxyError`.

>>> from stratumproxy.shares import kernel, why_not_native
>>> kernel()                # 'sha-ni', or 'reference' and then …
>>> why_not_native          # … says why; None when the C share check runs

`Work`, `Seen` and the functions are described in `_native.pyi`.
"""

import os
import sys
from typing import TYPE_CHECKING

from stratumproxy.errors import NativeUnavailable
from stratumproxy.shares import _choose
from stratumproxy.shares.verdict import REJECTED, Verdict

__all__ = [
    "NATIVE",
    "REJECTED",
    "Seen",
    "Verdict",
    "Work",
    "kernel",
    "kernels",
    "require_native",
    "scan",
    "sha256d",
    "share_difficulty",
    "why_not_native",
]

_native, _why_not = _choose.load_native()
_serving, why_not_native = _choose.choose(os.environ.get(_choose.SWITCH), _native, _why_not)

NATIVE: bool = why_not_native is None
"""Whether the C share check serves; `why_not_native` is one line for the log that says why not."""

if TYPE_CHECKING:
    from stratumproxy.shares._native import Seen, Work, kernel, scan, sha256d, share_difficulty
else:
    Seen = _serving.Seen
    Work = _serving.Work
    kernel = _serving.kernel
    scan = _serving.scan
    sha256d = _serving.sha256d
    share_difficulty = _serving.share_difficulty


def kernels() -> tuple[str, ...]:
    """Names that ``STRATUMPROXY_KERNEL`` may demand here, best first; the last is "reference"."""
    return _choose.available(_native)


def require_native() -> None:
    """Refuse to go on without the C share check.

    Raises:
        NativeUnavailable: the reference serves; the text says why and what to do.

    """
    if not NATIVE:
        raise NativeUnavailable(
            f"the C share check is not available: {why_not_native}. To have it, install a C "
            "compiler and Python's headers (Debian: apt install gcc python3-dev), then build "
            f"again: `{sys.executable} -m pip install --force-reinstall --no-deps --no-cache-dir "
            "--no-binary stratumproxy stratumproxy`, or `pip install -e .` in a checkout"
        )
