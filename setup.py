"""The C share check; everything else about the package is in pyproject.toml.

It is optional: without a C compiler the build goes on, and the Python reference checks the shares
(`stratumproxy run --require-native` refuses that). Built for the limited API of Python 3.11, so
one wheel serves 3.11 and all that follow.
"""

from pathlib import Path

from setuptools import Extension, setup

SHARES = Path("stratumproxy/shares")

setup(
    ext_modules=[
        Extension(
            "stratumproxy.shares._native",
            sources=sorted(str(path) for path in SHARES.glob("*.c")),
            depends=sorted(str(path) for path in SHARES.glob("*.h")),
            define_macros=[("Py_LIMITED_API", "0x030b0000")],
            extra_compile_args=["-std=c11", "-O3", "-Wall", "-Wextra", "-fvisibility=hidden"],
            py_limited_api=True,
            optional=True,
        )
    ],
    options={"bdist_wheel": {"py_limited_api": "cp311"}},
)
