"""Which implementation of the share check serves, and why."""

import importlib
from types import ModuleType

from stratumproxy.errors import StratumProxyError
from stratumproxy.shares import _reference
from stratumproxy.shares.verdict import Verdict

SWITCH = "STRATUMPROXY_KERNEL"
"""The environment variable that demands a kernel by name."""


def load_native() -> tuple[ModuleType | None, str | None]:
    """The C module with its best kernel in use, or None and why it can't serve."""
    try:
        native = importlib.import_module("stratumproxy.shares._native")
    except ImportError as error:
        return None, f"the C extension is not built or can't be loaded ({error})"
    if native.ABI != _reference.ABI:
        return None, (
            f"the C extension is of another version (interface {native.ABI}, "
            f"this one is {_reference.ABI}); build it again"
        )
    if not native.kernels():
        return None, "no SHA-256 kernel of the C extension passed its self-test"
    for name in reversed(native.kernels()):  # the best comes last, and stays
        native.use_kernel(name)
        if not known_answer(native):
            return None, f"the C share check failed its self-test with the kernel {name}"
    return native, None


def choose(
    wanted: str | None, native: ModuleType | None, why_not: str | None
) -> tuple[ModuleType, str | None]:
    """The module that serves, and why it is not the C one (None when it is).

    Args:
        wanted: the kernel that the environment demands; None or empty for the best.
        native: the C module, when it can serve.
        why_not: why it can't.

    Raises:
        StratumProxyError: there is no such kernel here.

    """
    if not wanted:
        return native or _reference, why_not
    if wanted == "reference":
        return _reference, f"{SWITCH}=reference asks for it"
    if native is not None and wanted in native.kernels():
        native.use_kernel(wanted)
        return native, None
    raise StratumProxyError(
        f"{SWITCH}={wanted}: no such kernel here; available: {', '.join(available(native))}"
        + (f" ({why_not})" if why_not else "")
    )


def available(native: ModuleType | None) -> tuple[str, ...]:
    """Names of all kernels here, best first; the last is "reference"."""
    return (*(native.kernels() if native else ()), *_reference.kernels())


def known_answer(module: ModuleType) -> bool:
    """Bitcoin's block 1 goes through `Work.check` and must come out as that block."""
    work = module.Work(
        coinb1=bytes.fromhex(f"0100000001{'00' * 32}ffffffff0704"),
        coinb2=bytes.fromhex(
            "ffffffff0100f2052a0100000043410496b538e853519c726a2c91e61ec11600ae1390813a627c66fb8be7"
            "947be63c52da7589379515d4e0a604f8141781e62294721166bf621e73a82cbf2342c858eeac00000000"
        ),
        branches=(),
        version=1,
        prevhash=bytes.fromhex("6fe28c0ab6f1b372c1a6a246ae63f74f931e8365e15a089c68d6190000000000"),
        nbits=0x1D00FFFF,
        ntime=0x4966BC61,
        extranonce_size=6,
        pool_target=bytes(32),
        seen=module.Seen(),
    )
    found = work.check(
        b"\xff\xff\x00", b"\x1d\x01\x04", 0x4966BC61, 0x9962E301, None, 0, b"\xff" * 32
    )
    hash = bytes.fromhex("4860eb18bf1b1620e37e9490fc8a427514416fd75159ab86688e9a8300000000")
    return bool(found == (Verdict.BLOCK, _reference.share_difficulty(hash), hash))
