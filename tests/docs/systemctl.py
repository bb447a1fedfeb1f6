"""A stand-in for systemctl: starts, stops and reloads what a unit says, as far as pages go.

Nothing of what a unit protects the program with is done. It waits for READY=1, as systemd does.
"""

import configparser
import os
import shlex
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

from tests.waiting import PATIENCE

FOLDERS = [Path("/etc/systemd/system"), Path("/usr/lib/systemd/system")]
NGINX = {"reload": "nginx -s reload || nginx", "start": "nginx", "stop": "nginx -s quit"}


def service(name: str) -> configparser.SectionProxy:
    for folder in FOLDERS:
        path = folder / f"{name}.service"
        if path.exists():
            unit = configparser.ConfigParser(strict=False, interpolation=None, delimiters="=")
            unit.optionxform = str  # type: ignore[assignment,method-assign]
            unit.read(path)
            return unit["Service"]
    sys.exit(f"Unit {name}.service could not be found.")


class Unit:
    def __init__(self, name: str) -> None:
        self.name = name.removesuffix(".service")
        self.pid = Path(f"/run/{self.name}.pid")
        self.log = Path(f"/var/log/{self.name}.log")

    def start(self) -> None:
        unit = service(self.name)
        command = shlex.split(unit["ExecStart"])
        if "User" in unit:
            user = unit["User"]
            command = ["setpriv", "--reuid", user, "--regid", user, "--init-groups", *command]
        told = f"/run/{self.name}.notify"
        Path(told).unlink(missing_ok=True)
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock, self.log.open("ab") as log:
            sock.bind(told)
            Path(told).chmod(0o777)
            sock.settimeout(0.2)
            process = subprocess.Popen(
                command,
                env={**os.environ, "NOTIFY_SOCKET": told},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
            self.pid.write_text(str(process.pid))
            while True:
                try:
                    if b"READY=1" in sock.recv(4096):
                        return
                except TimeoutError:
                    if process.poll() is not None:
                        sys.exit(f"{self.name} failed:\n{self.log.read_text()}")

    def stop(self) -> None:
        self.tell(signal.SIGTERM)
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end and self.running():
            time.sleep(0.05)
        self.pid.unlink()

    def running(self) -> bool:
        status = Path(f"/proc/{self.pid.read_text()}/stat")
        return status.exists() and status.read_text().rpartition(") ")[2][0] != "Z"

    def tell(self, number: signal.Signals) -> None:
        os.kill(int(self.pid.read_text()), number)

    def do(self, verb: str) -> None:
        if self.name == "nginx":
            subprocess.run(NGINX[verb], shell=True, check=True)
        elif verb in ("start", "stop"):
            getattr(self, verb)()
        elif verb == "restart":
            self.stop()
            self.start()
        elif verb == "reload":
            self.tell(signal.SIGHUP)
        elif verb in ("status", "is-active"):
            sys.exit(0 if self.pid.exists() and self.running() else 3)
        else:
            sys.exit(f"the stand-in does not know {verb}")


def main(words: list[str]) -> None:
    verb, *rest = [word for word in words if not word.startswith("-")]
    if verb == "daemon-reload" or (verb == "enable" and "--now" not in words):
        return
    for name in rest:
        Unit(name).do("start" if verb == "enable" else verb)


if __name__ == "__main__":
    main(sys.argv[1:])
