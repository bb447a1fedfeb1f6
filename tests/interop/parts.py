"""The software that the tests here run and nobody of this project wrote, and where it is had.

`make interop` runs this file first: what is missing is taken from its public registry, once, into a
cache folder. Some is in none, and wants a variable or a place on PATH. What can't be had is named,
and its tests skip for that reason; nothing of it is ever part of this project.
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
PATIENCE = 3600
"""Seconds for one installation: para compiles for a quarter of an hour on a small machine."""


@dataclass(frozen=True)
class Part:
    """One program, or one folder of modules."""

    name: str
    """The program's, as it is found on PATH."""
    what: str
    """For people."""
    installed: str = ""
    """Where it is in the cache folder when it was installed; empty for what no registry has."""
    install: Callable[[], None] | None = None

    @property
    def variable(self) -> str:
        """The environment variable that says where it is."""
        return f"STRATUMPROXY_INTEROP_{self.name.upper().replace('-', '_')}"

    def find(self) -> Path | None:
        """Where it is: by its variable, in the cache folder, or on PATH."""
        if given := os.environ.get(self.variable):
            return Path(given).absolute()
        if self.installed and (CACHE / self.installed).exists():
            return CACHE / self.installed
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
        how = "make interop installs it" if self.install else "it is in no registry"
        return f"no {self.name} ({self.what}): {how}; {self.variable} may say where it is"


def _run(*command: str, folder: Path = CACHE, **environment: str) -> None:
    print("  " + " ".join(command), flush=True)
    subprocess.run(
        ["nice", *command], cwd=folder, check=True, env=os.environ | environment, timeout=PATIENCE
    )


def _go() -> None:
    _run("go", "install", f"github.com/btcsuite/btcd@{BTCD_VERSION}", GOBIN=str(CACHE / "bin"))


def _cargo() -> None:
    _run("cargo", "install", "--locked", "--root", str(CACHE), f"para@{PARA_VERSION}")


def _npm() -> None:
    """The pool, with node's own SHA-256 for its package of forty algorithms' hashes in C++.

    That package does not compile with the Node.js of today. The other one in C++ does, and wants
    Node's headers, which are taken from the machine if it has them.
    """
    folder = CACHE / "foundation-stratum"
    hashes = folder / "sha256d"
    hashes.mkdir(parents=True, exist_ok=True)
    (folder / "package.json").write_text(
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
    _run("npm", "install", "--ignore-scripts", "--no-audit", "--no-fund", folder=folder)
    _run("npm", "rebuild", "bignum", folder=folder, **headers)
    (folder / "complete").touch()


BTCD = Part("btcd", f"btcd {BTCD_VERSION}, a node, from the Go module proxy", "bin/btcd", _go)
PARA = Part("para", f"para {PARA_VERSION}, a miner and a proxy, from crates.io", "bin/para", _cargo)
FOUNDATION = Part(
    "foundation-stratum",
    f"foundation-stratum {FOUNDATION_VERSION}, a pool of the NOMP family, from npm",
    "foundation-stratum/complete",
    _npm,
)
NODE = Part("node", "Node.js, to run the pool")
MINERD = Part("minerd", "pooler's cpuminer, a miner")
CKPOOL = Part("ckpool", "a ckpool with difficulties below 1, such as ckpool-lhr, a pool")


def install(parts: Sequence[Part]) -> None:
    """Get what is missing and can be had; say what is there, and why what is not."""
    CACHE.mkdir(parents=True, exist_ok=True)
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
