"""The C share check and submit scanner; everything else about the package is in pyproject.toml.

They are optional: without a C compiler the build goes on, and Python does their work
(`stratumproxy run --require-native` refuses that). Built for the limited API of Python 3.11, so
one wheel serves 3.11 and all that follow.
"""

from pathlib import Path

from setuptools import Extension, setup


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


setup(
    ext_modules=[
        extension("stratumproxy.shares._native"),
        extension("stratumproxy.stratum._submit"),
    ],
    options={"bdist_wheel": {"py_limited_api": "cp311"}},
)
