"""The software that the tests here run and nobody of this project wrote, and where it is had.

`make interop` runs this file first: what is missing is taken from its public registry, once, into a
cache folder. Some is in none, and wants a place on PATH or a variable. What can't be had is named,
and its tests skip for that reason. Nothing of it is ever part of this project.
"""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

BTCD_VERSION = "v0.26.2"
PARA_VERSION = "0.6.0"
FOUNDATION_VERSION = "0.0.42"

CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "stratumproxy-interop"
BTCD_FOLDER = CACHE / f"btcd-{BTCD_VERSION}"
PARA_FOLDER = CACHE / f"para-{PARA_VERSION}"
FOUNDATION_FOLDER = CACHE / f"foundation-stratum-{FOUNDATION_VERSION}"

PATIENCE = 3600
"""Seconds for one command: para compiles for a quarter of an hour on a small machine."""


@dataclass(frozen=True)
class Part:
    """One program, or one folder of modules."""

    name: str
    """The program's, as it is found on PATH."""
    what: str
    """For people."""
    installed: Path | None = None
    """Where it is when it was installed here; None for what no registry has."""
    install: Callable[[], None] | None = None
    tool: str = ""
    """What installs it."""

    @property
    def variable(self) -> str:
        """The environment variable that says where it is."""
        return f"STRATUMPROXY_INTEROP_{self.name.upper().replace('-', '_')}"

    def find(self) -> Path | None:
        """Where it is: by its variable, in the cache folder, or on PATH."""
        if given := os.environ.get(self.variable):
            return Path(given).absolute()
        if self.installed and self.installed.exists():
            return self.installed
        found = shutil.which(self.name)
        return Path(found) if found else None

    def at_hand(self) -> Path:
        """Where it is; a test that needs it has been skipped if it is nowhere."""
        found = self.find()
        assert found is not None, self.why_not
        return found

    @property
    def why_not(self) -> str:
        """What to do about a part that is not there."""
        how = f"make interop installs it with {self.tool}" if self.install else "put it on PATH"
        return f"no {self.name} ({self.what}): {how}, or say where it is in {self.variable}"


def _run(folder: Path, *command: str, **environment: str) -> None:
    print("  " + " ".join(command), flush=True)
    folder.mkdir(parents=True, exist_ok=True)
    subprocess.run(
        ["nice", *command], cwd=folder, check=True, env=os.environ | environment, timeout=PATIENCE
    )


def _go() -> None:
    command = "go", "install", f"github.com/btcsuite/btcd@{BTCD_VERSION}"
    _run(BTCD_FOLDER, *command, GOBIN=str(BTCD_FOLDER))


def _cargo() -> None:
    command = "cargo", "install", "--locked", f"para@{PARA_VERSION}"
    _run(PARA_FOLDER, *command, "--root", str(PARA_FOLDER))


def _npm() -> None:
    """The pool, with node's own SHA-256 for its package of forty algorithms' hashes in C++.

    That package does not compile with the Node.js of today. The other one in C++ does, and wants
    Node's headers, which are taken from the machine if it has them.
    """
    hashes = FOUNDATION_FOLDER / "sha256d"
    hashes.mkdir(parents=True, exist_ok=True)
    (FOUNDATION_FOLDER / "package.json").write_text(
        json.dumps(
            {
                "private": True,
                "dependencies": {"foundation-stratum": FOUNDATION_VERSION},
                "overrides": {"foundation-multi-hashing": "file:./sha256d"},
            }
        )
    )
    (hashes / "package.json").write_text(
        json.dumps({"name": "foundation-multi-hashing", "version": "0.1.3", "main": "index.js"})
    )
    (hashes / "index.js").write_text(
        "const sha256 = (b) => require('crypto').createHash('sha256').update(b).digest();\n"
        "exports.sha256d = (b) => sha256(sha256(b));\n"
    )
    node = Path(shutil.which("node") or "node").resolve().parents[1]
    headers = {"npm_config_nodedir": str(node)} if (node / "include/node/node.h").exists() else {}
    options = "--ignore-scripts", "--no-audit", "--no-fund"
    _run(FOUNDATION_FOLDER, "npm", "install", *options)
    _run(FOUNDATION_FOLDER, "npm", "rebuild", "bignum", **headers)
    (FOUNDATION_FOLDER / "complete").touch()


BTCD = Part(
    "btcd",
    f"btcd {BTCD_VERSION}, a node, from the Go module proxy",
    BTCD_FOLDER / "btcd",
    _go,
    "go",
)
PARA = Part(
    "para",
    f"para {PARA_VERSION}, a miner, from crates.io",
    PARA_FOLDER / "bin/para",
    _cargo,
    "cargo",
)
FOUNDATION = Part(
    "foundation-stratum",
    f"foundation-stratum {FOUNDATION_VERSION}, a pool of the NOMP family, from npm",
    FOUNDATION_FOLDER / "complete",
    _npm,
    "npm",
)
NODE = Part("node", "Node.js, to run the pool")
MINERD = Part("minerd", "pooler's cpuminer, a miner")
CKPOOL = Part("ckpool", "a ckpool with difficulties below 1, such as ckpool-lhr, a pool")


def install(parts: Sequence[Part]) -> None:
    """Get what is missing and can be had; say what is there, and why what is not."""
    for part in parts:
        if part.install and not part.find():
            print(f"{part.what}: not there yet", flush=True)
            try:
                part.install()
            except (OSError, subprocess.SubprocessError) as error:
                print(f"  {error}")
        found = part.find()
        print(f"{part.what}: {found}" if found else part.why_not, flush=True)


if __name__ == "__main__":
    install([BTCD, PARA, FOUNDATION, NODE, MINERD, CKPOOL])
    sys.exit(0)
