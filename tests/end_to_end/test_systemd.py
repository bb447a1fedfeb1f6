"""The whole proxy as systemd starts it: a socket passed on, and a word at each turn."""

import os
import signal
import socket
import subprocess
import sys

from tests.waiting import PATIENCE

CONFIG = """
[[listen]]
address = "127.0.0.1:{port}"
[[pool]]
url = "stratum+tcp://127.0.0.1:9"
user = "farm"
"""


def test_from_a_passed_socket_to_the_stop(tmp_path):
    notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    with notify, socket.create_server(("127.0.0.1", 0)) as listener:
        notify.bind(str(tmp_path / "notify"))
        notify.settimeout(PATIENCE)
        path = tmp_path / "farm.toml"
        path.write_text(CONFIG.format(port=listener.getsockname()[1]))
        start = (
            "import os, sys\n"
            f"os.dup2({listener.fileno()}, 3)\n"
            "os.environ |= {'LISTEN_PID': str(os.getpid()), 'LISTEN_FDS': '1'}\n"
            "os.execv(sys.executable, [sys.executable, '-m', 'stratumproxy', *sys.argv[1:]])\n"
        )
        environ = {**os.environ, "NOTIFY_SOCKET": str(tmp_path / "notify")}
        environ["WATCHDOG_USEC"] = "60000000"
        os.set_inheritable(listener.fileno(), True)
        process = subprocess.Popen(
            [sys.executable, "-c", start, "run", "--config", str(path)],
            close_fds=False,
            env=environ,
            stderr=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )

        def until(word: str) -> list[str]:
            said = []
            while not said or not said[-1].startswith(word):
                said.append(notify.recv(4096).decode())
            return said

        try:
            until("READY=1")
            until("WATCHDOG=1")
            with socket.create_connection(listener.getsockname(), timeout=PATIENCE):
                process.send_signal(signal.SIGHUP)
                until("RELOADING=1\nMONOTONIC_USEC=")
                until("READY=1")
                process.send_signal(signal.SIGTERM)
                until("STOPPING=1")
            _, errors = process.communicate(timeout=PATIENCE)
        finally:
            process.kill()
            process.communicate()
        assert process.returncode == 0
        assert b"Traceback" not in errors
        with socket.create_connection(listener.getsockname(), timeout=PATIENCE):
            pass  # whoever opened the socket still listens
