"""The C share check, submit scanner and socket calls; for all else there is pyproject.toml.

They are optional: without a C compiler the build goes on, and Python does their work (for the share
check `stratumproxy run --require-native` refuses that). Built for the limited API of Python 3.11,
so one wheel serves 3.11 and all that follow.
"""

import sys
from pathlib import Path

from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext


class Portable(build_ext):
    """Leaves no folder of this machine in what it links."""

    def build_extensions(self) -> None:
        """A Python that was built from source hands its own folder to all that is linked."""
        words = [word for word in self.compiler.linker_so if not word.startswith("-Wl,-rpath")]
        self.compiler.set_executable("linker_so", words)
        super().build_extensions()


def extension(name: str) -> Extension:
    """The extension module of that name, from all the C files beside it."""
    folder = Path(*name.split(".")).parent
    return Extension(
        name,
        sources=sorted(str(path) for path in folder.glob("*.c")),
        depends=sorted(str(path) for path in folder.glob("*.h")),
        define_macros=[("Py_LIMITED_API", "0x030b0000")],
        extra_compile_args=["-std=c11", "-O3", "-Wall", "-Wextra", "-fvisibility=hidden"],
        py_limited_api=True,
        optional=True,
    )


NAMES = ["stratumproxy.shares._native", "stratumproxy.protocol.v1._submit"]
if sys.platform == "linux":
    NAMES.append("stratumproxy.net._sockets")  # epoll and accept4

setup(
    cmdclass={"build_ext": Portable},
    ext_modules=[extension(name) for name in NAMES],
    options={"bdist_wheel": {"py_limited_api": "cp311"}},
)
