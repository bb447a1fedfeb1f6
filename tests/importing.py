"""What a file imports, read from its source."""

import ast
from collections.abc import Iterator
from pathlib import Path

import stratumproxy

ROOT = Path(stratumproxy.__file__).parent
OURS = ("stratumproxy", "bench", "tests")


def imports(path: Path) -> Iterator[str]:
    """Every module that a module imports, wherever in it: under TYPE_CHECKING too."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            assert node.module is not None
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                yield inner if is_module(inner) else node.module
        elif (
            isinstance(node, ast.Call)
            and ast.unparse(node.func) in ("importlib.import_module", "__import__")
            and isinstance(node.args[0], ast.Constant)
        ):
            yield str(node.args[0].value)


def is_module(name: str) -> bool:
    top, *inner = name.split(".")
    if top not in OURS or not inner:
        return False
    path = ROOT.parent.joinpath(top, *inner)
    return path.is_dir() or path.with_suffix(".py").exists() or path.with_suffix(".pyi").exists()
