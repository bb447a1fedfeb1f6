"""What is there before a page's first command: pools, and for some pages a farm on them."""

import json
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Mapping
from pathlib import Path
from urllib.parse import quote

from tests.docs.sandbox import ON_POOL
from tests.waiting import PATIENCE

FARM = {f"docs/{page}.md" for page in ("api", "conformance", "hosting", "ledger", "metrics")}
"""Pages whose commands are about a proxy that runs: it does, in the folder that they begin in."""
MACHINES = {"README.md", "docs/production.md"}
"""Pages that start a proxy themselves: machines mine as soon as it is there."""
FRESH = {"docs/production.md"}
"""Pages for who has no checkout: they begin in an empty folder."""
USER = "stratumproxy"
WORKERS = ("farm.rig3", "farm.rack7/rig3", "farm.1")
LOG = Path("/var/log/farm.log")
CONFIG = """
[[listen]]
address = "0.0.0.0:3333"
[[pool]]
url = "stratum+tcp://pool.example:3333"
user = "farm"
[[pool]]
url = "stratum+tcp://backup.example:3333"
user = "farm"
[difficulty]
start = 1e-6
min = 1e-9
[api]
listen = "127.0.0.1:8080"
token_file = "/etc/stratumproxy/token"
[ledger]
path = "ledger.sqlite3"
"""


def pools(environment: Mapping[str, str]) -> None:
    """Start the pools, at the names that examples have."""
    _start(
        [*ON_POOL, "stratumproxy", "simulate", "pool", "--quiet", "--listen", "0.0.0.0:3333"],
        environment,
    )


def package() -> None:
    """What the Debian package brings, beside the program."""
    _run("useradd", "--system", "--user-group", "--home-dir", "/var/lib/stratumproxy", USER)
    _run("install", "-d", "-o", USER, "-g", USER, "-m", "750", "/var/lib/stratumproxy")
    _run("mkdir", "-p", "/etc/stratumproxy", "/usr/share/doc/stratumproxy")
    _run("cp", "-r", "configs", "/usr/share/doc/stratumproxy/examples")
    _run("install", "-Dm644", "configs/stratumproxy.service", "-t", "/usr/lib/systemd/system")


def machines(environment: Mapping[str, str]) -> None:
    """Start miners, which come back as long as nobody listens for them."""
    mine = f"stratumproxy simulate miners 127.0.0.1:3333 --user {WORKERS[0]} --one-user --quiet"
    _start(["bash", "-c", f"until {mine}; do sleep 0.2; done"], environment)


def farm(environment: Mapping[str, str]) -> None:
    """Start a proxy here, by a farm.toml, and miners; wait until the ledger has shares."""
    Path("farm.toml").write_text(CONFIG)
    token = Path("/etc/stratumproxy/token")
    token.parent.mkdir(parents=True, exist_ok=True)
    token.write_text("open-sesame-open-sesame\n")
    _start(["stratumproxy", "run", "--config", "farm.toml"], environment)
    wait(lambda: get("ready"))
    for worker in WORKERS:
        mine = ["stratumproxy", "simulate", "miners", "127.0.0.1:3333", "--style", "bitaxe"]
        _start([*mine, "--quiet", "--user", worker, "--one-user"], environment)
    wait(lambda: {row["name"] for row in get("api/workers")["workers"]} == set(WORKERS))
    for worker in WORKERS:
        wait(lambda worker=worker: get(f"api/workers/{quote(worker, '')}/history?span=7d"))


def get(path: str) -> dict:
    with urllib.request.urlopen(f"http://127.0.0.1:8080/{path}", timeout=PATIENCE) as answer:
        return json.load(answer)


def wait(condition: Callable[[], object]) -> None:
    end = time.monotonic() + PATIENCE
    while True:
        try:
            if condition():
                return
        except OSError:
            pass  # it does not listen yet
        if time.monotonic() > end:
            sys.exit(f"the farm does not start:\n{LOG.read_text()[-2000:]}")
        time.sleep(0.05)


def _run(*command: str) -> None:
    subprocess.run(command, check=True)


def _start(command: list[str], environment: Mapping[str, str]) -> None:
    """Its end is the sandbox's."""
    log = os.open(LOG, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environment)
