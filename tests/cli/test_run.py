"""`stratumproxy run`: start, stop, and what can go wrong before."""

import json
import os
import resource
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import trio
from structlog.testing import capture_logs

import stratumproxy.cli.run as command
from stratumproxy.config import Config, loads
from stratumproxy.errors import PoolError, StratumProxyError
from stratumproxy.net.systemd import Service
from stratumproxy.telemetry.snapshot import Snapshot
from tests.waiting import PATIENCE
from tests.waiting import until as until_true

TEXT = """\
[[listen]]
address = "127.0.0.1:0"
[[pool]]
url = "stratum+tcp://127.0.0.1:9"
user = "farm"
[limits]
connections = 100
"""
SNAPSHOT = Snapshot(
    uptime=1.0, connected=0, mining=0, hashrate=0.0, accepted=3, work=0.0, forwarded=0
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "farm.toml"
    path.write_text(TEXT, encoding="utf-8")
    return path


@contextmanager
def running(
    path: Path,
    *options: str,
    prepare: Callable[[], None] | None = None,
    **environment: str,
) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "-m", "stratumproxy", "run", "--config", str(path), *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, **environment},
        preexec_fn=prepare,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def until(process: subprocess.Popen[str], event: str) -> list[dict[str, Any]]:
    """The JSON log up to an event."""
    assert process.stderr is not None
    seen = []
    for line in process.stderr:
        seen.append(json.loads(line))
        if seen[-1]["event"] == event:
            return seen
    raise AssertionError(f"{event!r} was not logged, but {seen}")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_serves_until_a_signal(path: Path, number: signal.Signals) -> None:
    path.write_text(f"{TEXT}[log]\nsummary_seconds = 0.1\n", encoding="utf-8")
    with running(path) as process:
        log = until(process, "listening for miners")
        assert log[0]["event"] == "stratumproxy starts"
        assert log[0]["pools"] == ["127.0.0.1:9"]
        socket.create_connection((log[-1]["host"], log[-1]["port"]), timeout=60).close()
        assert until(process, "summary")[-1]["hashrate"] == 0.0
        process.send_signal(number)
        until(process, "stopping; once more to stop at once")
        stopped = until(process, "stopped")[-1]
        assert (stopped["accepted"], stopped["forwarded"], stopped["rejected"]) == (0, 0, {})
        rest, errors = process.communicate(timeout=60)
    assert (process.returncode, rest, errors) == (0, "", "")


def test_the_console_ends_with_a_line_for_people(path: Path) -> None:
    path.write_text(f"{TEXT}[log]\nsummary_seconds = 0.1\n", encoding="utf-8")
    with running(path, "--log-format", "console") as process:
        assert process.stderr is not None
        line = next(line for line in process.stderr if "summary" in line)
        assert "hashrate='0 H/s'" in line
        process.terminate()
        output, errors = process.communicate(timeout=60)
    assert process.returncode == 0
    assert output.startswith("ran ")
    assert output.endswith("s; 0 shares accepted; 0 rejected; 0 sent to pools\n")
    assert "Traceback" not in errors


def ends(
    path: Path, *options: str, prepare: Callable[[], None] | None = None, **environment: str
) -> tuple[int, str]:
    """Exit status and the last of standard error, of a run that can't start.

    It is for people, as on a terminal; for a collector it is to be the same, as an object.
    """
    for form in ("json", "console"):
        wished = (*options, "--log-format", form)
        with running(path, *wished, prepare=prepare, **environment) as process:
            output, errors = process.communicate(timeout=60)
        assert output == ""
        assert "Traceback" not in errors
        said = errors.splitlines()[-1]
        if form == "json":
            last = json.loads(said)
            status = process.returncode
    assert last["level"] == "critical"
    assert process.returncode == status
    assert said.removeprefix("stratumproxy:").strip() == last.get("problems", [last["event"]])[-1]
    return status, said


def test_an_address_in_use(path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        path.write_text(TEXT.replace("127.0.0.1:0", address), encoding="utf-8")
        status, said = ends(path)
    assert status == 1
    assert said.startswith(f"stratumproxy: can't listen on {address}: Address already in use")


def test_a_configuration_that_can_not_be_used(path: Path) -> None:
    path.write_text(TEXT + "connexions = 5\n", encoding="utf-8")
    assert ends(path) == (
        2,
        f"  {path}:8: limits.connexions: unknown key; did you mean 'connections'?",
    )


@pytest.mark.parametrize("table", ["ledger", "api", "listen", ""])
def test_a_pipe_instead_of_a_file_is_refused_and_never_waited_for(path: Path, table: str) -> None:
    pipe = path.with_name("pipe")
    os.mkfifo(pipe)
    settings = {
        "ledger": f'[ledger]\npath = "{pipe}"',
        "api": f'[api]\nlisten = "127.0.0.1:0"\ntoken_file = "{pipe}"',
        "listen": f'[[listen]]\naddress = "127.0.0.1:0"\ntls_certificate = "{pipe}"',
        "": "",
    }
    path.write_text(TEXT + settings[table], encoding="utf-8")
    status, said = ends(path if table else pipe)
    assert status == 2
    assert table in said
    assert said.endswith("it is a pipe; expected a file")


@pytest.mark.parametrize(
    ("more", "options", "is_json"),
    [
        ("", (), True),
        ('[log]\nformat = "json"\n', (), True),
        ('[log]\nformat = "console"\n', (), False),
        ('[log]\nformat = "console"\n', ("--log-format", "json"), True),
    ],
)
def test_what_is_wrong_is_told_in_the_form_of_the_log(
    path: Path, more: str, options: tuple[str, ...], is_json: bool
) -> None:
    path.write_text(f"{TEXT}connexions = 5\nx 3\n{more}", encoding="utf-8")
    with running(path, *options) as process:
        _, errors = process.communicate(timeout=60)
    assert process.returncode == 2
    if is_json:
        told = json.loads(errors)
        assert told["event"] == "the configuration can't be used"
        assert [problem.split(":")[1] for problem in told["problems"]] == ["8", "9"]
    else:
        assert errors.startswith("stratumproxy: the configuration can't be used, 2 problems:\n")


def test_no_file_is_told_in_the_form_of_the_log(tmp_path: Path) -> None:
    with running(tmp_path / "absent.toml") as process:
        _, errors = process.communicate(timeout=60)
    assert process.returncode == 2
    [problem] = json.loads(errors)["problems"]
    assert problem.endswith("absent.toml: can't be read: No such file or directory")


def test_require_native(path: Path) -> None:
    status, said = ends(path, "--require-native", STRATUMPROXY_KERNEL="reference")
    assert status == 1
    assert said.startswith("stratumproxy: the C share check is not available")


def test_a_kernel_that_is_not_there(path: Path) -> None:
    with running(path, STRATUMPROXY_KERNEL="abacus") as process:
        _, said = process.communicate(timeout=60)
    assert process.returncode == 1
    assert said.startswith("stratumproxy: STRATUMPROXY_KERNEL=abacus: no such kernel here")


@pytest.mark.parametrize(("hard", "warned"), [(1000, False), (150, True)])
def test_file_descriptors(path: Path, hard: int, warned: bool) -> None:
    def few_files() -> None:
        resource.setrlimit(resource.RLIMIT_NOFILE, (120, hard))

    with running(path, prepare=few_files) as process:
        log = until(process, "listening for miners")
        limits = Path(f"/proc/{process.pid}/limits")
        if limits.exists():
            line = next(
                line for line in limits.read_text().splitlines() if line.startswith("Max open")
            )
            assert line.split()[3] == ("150" if warned else "200")
    warnings = [entry for entry in log if entry["event"].startswith("too few file descriptors")]
    assert bool(warnings) is warned
    if warned:
        assert (warnings[0]["open_files"], warnings[0]["needed"]) == (150, 200)


# -- the configuration is read again -------------------------------------------------------------


def test_sighup_applies_what_can_be_applied_and_names_the_rest(path: Path) -> None:
    path.write_text(TEXT + "[log]\nlevel = 'info'\n", encoding="utf-8")
    with running(path) as process:
        until(process, "listening for miners")
        changed = TEXT.replace("127.0.0.1:0", "127.0.0.1:1") + "[log]\nlevel = 'debug'\n"
        path.write_text(changed.replace("= 100", "= 90"), encoding="utf-8")
        process.send_signal(signal.SIGHUP)
        applied = until(process, "the configuration was read again")[-1]
        assert applied["changed"] == ["limits.connections", "log.level"]
        rest = until(process, "this change needs a restart; the rest is applied")[-1]
        assert rest["settings"] == ["listen"]
        process.terminate()
        until(process, "stopped")


def test_a_bad_file_changes_nothing_and_every_problem_is_named(path: Path) -> None:
    with running(path) as process:
        until(process, "listening for miners")
        path.write_text(TEXT + "connexions = 5\nline_bytes = 1\n", encoding="utf-8")
        process.send_signal(signal.SIGHUP)
        event = "the configuration can't be used, and nothing was changed"
        problems = until(process, event)[-1]["problems"]
        assert [problem.split(": ")[1] for problem in problems] == [
            "limits.connexions",
            "limits.line_bytes",
        ]
        path.unlink()
        process.send_signal(signal.SIGHUP)
        assert "can't be read" in until(process, event)[-1]["problems"][0]
        process.terminate()
        until(process, "stopped")


def test_a_configuration_that_has_become_a_pipe_is_named_and_not_waited_for(path: Path) -> None:
    with running(path) as process:
        until(process, "listening for miners")
        path.unlink()
        os.mkfifo(path)
        process.send_signal(signal.SIGHUP)
        refused = until(process, "the configuration can't be used, and nothing was changed")[-1]
        assert refused["problems"] == [f"{path}: can't be read: it is a pipe; expected a file"]
        process.terminate()
        until(process, "stopped")


# -- without a process -------------------------------------------------------------------------


def running_config() -> command.Running:
    return command.Running(loads(TEXT), lambda: loads(TEXT), Service())


def test_errors_come_out_of_their_groups(monkeypatch: pytest.MonkeyPatch) -> None:
    async def supervise(config: Config, **_: object) -> Snapshot:
        raise ExceptionGroup("", [ExceptionGroup("", [PoolError("gone")])])

    monkeypatch.setattr("stratumproxy.cli.run.supervise", supervise)
    with pytest.raises(StratumProxyError, match="gone"):
        command._serve(running_config())


def test_defects_keep_their_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    async def supervise(config: Config, **_: object) -> Snapshot:
        raise ZeroDivisionError

    monkeypatch.setattr("stratumproxy.cli.run.supervise", supervise)
    with pytest.raises(ExceptionGroup) as raised:
        command._serve(running_config())
    assert raised.group_contains(ZeroDivisionError)


def test_a_second_signal_stops_at_once_with_the_last_snapshot(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A supervisor that does not heed the first."""

    async def supervise(
        config: Config,
        *,
        on_snapshot: Callable[[Snapshot], None],
        stop: trio.Event,
        **_: object,
    ) -> Snapshot:
        on_snapshot(SNAPSHOT)
        os.kill(os.getpid(), signal.SIGTERM)
        await stop.wait()
        os.kill(os.getpid(), signal.SIGINT)
        await trio.sleep_forever()
        raise AssertionError

    monkeypatch.setattr("stratumproxy.cli.run.supervise", supervise)
    with capture_logs() as logs:
        assert command._serve(running_config()) is SNAPSHOT
    assert [entry["event"] for entry in logs] == [
        "stopping; once more to stop at once",
        "stopping at once",
    ]


def test_a_stop_does_not_wait_for_a_configuration_on_a_disk_that_hangs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    hangs, goes_on = threading.Event(), threading.Event()

    def read() -> Config:
        hangs.set()
        goes_on.wait(PATIENCE)
        return loads(TEXT)

    async def supervise(config: Config, *, stop: trio.Event, **_: object) -> Snapshot:
        os.kill(os.getpid(), signal.SIGHUP)
        await until_true(hangs.is_set)
        os.kill(os.getpid(), signal.SIGTERM)
        await stop.wait()
        return SNAPSHOT

    monkeypatch.setattr("stratumproxy.cli.run.supervise", supervise)
    try:
        assert command._serve(command.Running(loads(TEXT), read, Service())) is SNAPSHOT
    finally:
        goes_on.set()
