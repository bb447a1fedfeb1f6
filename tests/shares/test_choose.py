"""Which implementation serves, what may be demanded, and what is said when it can't be had."""

import importlib
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from types import ModuleType, SimpleNamespace

import pytest

from stratumproxy import shares
from stratumproxy.errors import NativeUnavailable, StratumProxyError
from stratumproxy.shares import Verdict, _choose, _reference

NATIVE = _choose.load_native()[0]

Load = Callable[[object], tuple[ModuleType | None, str | None]]

PROGRAM = """
from stratumproxy.errors import StratumProxyError
try:
    from stratumproxy import shares
except StratumProxyError as error:
    print("error:", error)
else:
    print(shares.kernel(), shares.NATIVE, shares.why_not_native, type(shares.Work).__name__,
          shares.Work.__module__, sep="|")
"""


def run(kernel: str | None) -> str:
    """What a fresh interpreter says with that switch."""
    environment = {name: value for name, value in os.environ.items() if name != _choose.SWITCH}
    if kernel is not None:
        environment[_choose.SWITCH] = kernel
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert done.stderr == ""
    return done.stdout.strip()


class TestSwitch:
    @pytest.mark.parametrize("kernel", NATIVE.kernels() if NATIVE else ())
    def test_native_kernel_by_name(self, kernel: str) -> None:
        assert run(kernel) == f"{kernel}|True|None|type|stratumproxy.shares._native"

    def test_reference_by_name(self) -> None:
        assert run("reference") == (
            "reference|False|STRATUMPROXY_KERNEL=reference asks for it|type|"
            "stratumproxy.shares._reference"
        )

    @pytest.mark.parametrize("kernel", [None, ""])
    def test_nothing_demanded(self, kernel: str | None) -> None:
        assert run(kernel).startswith(f"{_choose.available(NATIVE)[0]}|")

    def test_unknown_name(self) -> None:
        names = ", ".join(_choose.available(NATIVE))
        assert run("avx1024").startswith(
            f"error: STRATUMPROXY_KERNEL=avx1024: no such kernel here; available: {names}"
        )


def test_exports_are_those_of_what_serves() -> None:
    serving = _reference if shares.kernel() == "reference" else NATIVE
    assert serving is not None
    for name in ("Seen", "Work", "kernel", "scan", "sha256d", "share_difficulty"):
        assert getattr(shares, name) is getattr(serving, name)
    assert shares.kernels() == _choose.available(NATIVE)
    assert shares.kernels()[-1] == "reference"
    assert (shares.why_not_native is None) is shares.NATIVE


def test_the_c_extension_is_built_where_there_is_a_compiler() -> None:
    if shutil.which("cc") is None:
        pytest.skip("no C compiler here")
    assert _choose.load_native()[1] is None


def fake(**changes: object) -> SimpleNamespace:
    """The reference dressed up as the C module."""
    attributes = {
        "ABI": _reference.ABI,
        "Seen": _reference.Seen,
        "Work": _reference.Work,
        "kernels": lambda: ("best", "other"),
        "use_kernel": lambda _name: None,
    }
    return SimpleNamespace(**(attributes | changes))


class TestLoad:
    @pytest.fixture
    def load(self, monkeypatch: pytest.MonkeyPatch) -> Load:
        def load(module: object) -> tuple[ModuleType | None, str | None]:
            def import_module(_name: str) -> object:
                if isinstance(module, ImportError):
                    raise module
                return module

            monkeypatch.setattr(importlib, "import_module", import_module)
            return _choose.load_native()

        return load

    def test_best_kernel_stays_in_use(self, load: Load) -> None:
        used: list[str] = []
        module = fake(use_kernel=used.append)
        assert load(module) == (module, None)
        assert used == ["other", "best"]

    def test_not_built(self, load: Load) -> None:
        assert load(ImportError("No module named '_native'")) == (
            None,
            "the C extension is not built or can't be loaded (No module named '_native')",
        )

    def test_stale_build(self, load: Load) -> None:
        native, why = load(fake(ABI=0))
        assert native is None
        assert why == (
            f"the C extension is of another version (interface 0, this one is {_reference.ABI}); "
            "build it again"
        )

    def test_no_kernel(self, load: Load) -> None:
        native, why = load(fake(kernels=tuple))
        assert native is None
        assert why == "no SHA-256 kernel of the C extension passed its self-test"

    def test_wrong_answer(self, load: Load) -> None:
        class Work(SimpleNamespace):
            def check(self, *_args: object) -> tuple[int, float, bytes]:
                return Verdict.SHARE, 1.0, bytes(32)

        native, why = load(fake(Work=Work))
        assert native is None
        assert why == "the C share check failed its self-test with the kernel other"


class TestChoose:
    def test_without_native(self) -> None:
        assert _choose.choose(None, None, "no compiler") == (_reference, "no compiler")

    def test_native_demanded_without_native(self) -> None:
        with pytest.raises(StratumProxyError) as caught:
            _choose.choose("portable", None, "no compiler")
        assert str(caught.value) == (
            "STRATUMPROXY_KERNEL=portable: no such kernel here; available: reference (no compiler)"
        )


class TestRequireNative:
    def test_native(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(shares, "NATIVE", True)
        shares.require_native()

    def test_reference(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(shares, "NATIVE", False)
        monkeypatch.setattr(shares, "why_not_native", "it is not built")
        with pytest.raises(NativeUnavailable) as caught:
            shares.require_native()
        assert str(caught.value).startswith(
            "the C share check is not available: it is not built. To have it, install a C compiler"
        )


def test_known_answer(shares: ModuleType) -> None:
    assert _choose.known_answer(shares)


def test_use_kernel_by_a_name_that_is_not_there(shares: ModuleType) -> None:
    before = shares.kernel()
    with pytest.raises(ValueError, match="no kernel 'avx1024' here"):
        shares.use_kernel("avx1024")
    assert shares.kernel() == before
    assert before in shares.kernels()
