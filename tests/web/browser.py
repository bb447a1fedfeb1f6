"""A real browser on the dashboard: Debian's Chromium, driven by playwright, on a generated fleet.

playwright's synchronous API keeps an event loop of its own in the thread, so what is here lives no
longer than the test module that uses it, and the fleet is served by another process.
"""

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

try:
    from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright
except ImportError:
    sync_playwright = expect = None

ROOT = Path(__file__).parent.parent.parent
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
TOKEN = "made up for tests only"
DESKTOP = {"width": 1440, "height": 1000}
PHONE = {"width": 360, "height": 780}

PATIENCE = 180_000
"""Milliseconds until a test gives up waiting: the machine may be busy, and waiting costs nothing
where what is waited for comes."""

SLOWED = float(os.environ.get("STRATUMPROXY_SLOW_BROWSER") or 1)
"""How many times slower than it is the browser's processor shall be, to look for tests that rely on
what is quick."""

if sync_playwright is not None:
    expect.set_options(timeout=PATIENCE)

needed = [
    pytest.mark.skipif(sync_playwright is None, reason="playwright is not installed"),
    pytest.mark.skipif(not CHROMIUM, reason="there is no chromium: apt install chromium"),
]


def artifacts() -> Path:
    """Where screenshots and times are kept: STRATUMPROXY_ARTIFACTS, or tests/artifacts."""
    folder = Path(os.environ.get("STRATUMPROXY_ARTIFACTS") or ROOT / "tests" / "artifacts")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@dataclass
class World:
    """A process that serves a generated fleet."""

    process: subprocess.Popen[str]
    url: str
    token: str


@contextmanager
def world(workers: int, acmes: str = "", ledger: Path | None = None) -> Iterator[World]:
    """Serves a fleet of so many workers until the end of the block.

    Args:
        workers: how many.
        acmes: the token of a customer, if every second machine is to be its.
        ledger: of a past; with `acmes` alone.
    """
    with tempfile.TemporaryDirectory() as folder:
        files = []
        for name, secret in (("token", TOKEN), ("acme", acmes)):
            if secret:
                files.append(Path(folder, name))
                files[-1].write_text(secret)
        if ledger is not None:
            files.append(ledger)
        command = [sys.executable, "-m", "tests.web.browser_world", str(workers), *map(str, files)]
        with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
            try:
                assert process.stdout is not None
                yield World(process, process.stdout.readline().strip(), TOKEN)
            finally:
                # Not by SIGINT: what a shell runs in the background ignores that.
                process.terminate()
                process.send_signal(signal.SIGCONT)


@contextmanager
def chromium() -> "Iterator[Browser]":
    """A browser with a fresh profile, until the end of the block."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS, timeout=PATIENCE)
        try:
            yield browser
        finally:
            browser.close()


@dataclass
class Visit:
    """A page that someone looks at, and what its console said meanwhile.

    A click or a key is answered by the page when it comes to it, and what follows (another view, a
    dialog that closes, an answer of the server) is a later task still. So what a test asserts of
    the page it waits for: by `expect`, a selector, or `until`.
    """

    context: "BrowserContext"
    page: "Page"
    url: str
    complaints: list[str] = field(default_factory=list)

    def go(self, address: str = "#/") -> "Page":
        """Opens an address of the dashboard, and waits until its view is shown and live."""
        self.page.goto(f"{self.url}/{address}")
        self.page.wait_for_selector(f"#{address.strip('#/') or 'fleet'}-view")
        self.page.wait_for_selector("#live.live")
        return self.page

    def reload(self) -> None:
        """Loads the page anew, and waits until it is live."""
        self.page.reload()
        self.page.wait_for_selector("#live.live")

    def until(self, condition: str, arg: Any = None) -> None:
        """Waits until a function of the page's says yes.

        playwright's own way evaluates text inside the page, which its policy forbids.
        """
        for _ in range(PATIENCE // 50):
            if self.page.evaluate(condition, arg):
                return
            self.page.wait_for_timeout(50)
        raise AssertionError(f"it never came true: {condition}")

    def give_token(self, button: str, token: str) -> None:
        """Presses the button that asks for the token, and gives it by the keyboard."""
        self.page.click(button)
        self.page.fill("#token-input", token)
        self.page.keyboard.press("Enter")
        expect(self.page.locator("#token-dialog")).to_be_hidden()
        # A dialog tells that it was closed in a task of its own.
        expect(self.page.locator("#token-button")).to_have_text("Token given")

    def charts(self) -> None:
        """Waits until a worker's history is shown: its hashrate drawn, and of the other charts
        those that have figures."""
        self.until(
            """() => {
                const charts = [...document.querySelectorAll('#worker-view .chart')];
                const drawn = (chart) => chart.querySelector('.plot:not([hidden]) canvas');
                const none = (chart) => chart.querySelector('.nothing:not([hidden])');
                return charts.length === 4 && drawn(charts[0])
                    && charts.every((chart) => drawn(chart) || none(chart))
                    && document.querySelector('#worker-view .charts > .note').textContent;
            }"""
        )

    def all_rows(self) -> None:
        """Waits until the table has all workers."""
        self.page.wait_for_selector("#workers tbody tr[aria-rowindex]")

    def keep(self, name: str) -> None:
        """Keeps a screenshot."""
        self.page.screenshot(path=artifacts() / f"{name}.png")


@contextmanager
def visit(
    browser: "Browser", url: str, viewport: dict[str, int] = DESKTOP, **options: Any
) -> Iterator[Visit]:
    """A fresh visit; fails at its end if the page complained about anything."""
    context = browser.new_context(viewport=viewport, **options)  # type: ignore[arg-type]
    context.set_default_timeout(PATIENCE)
    page = context.new_page()
    if SLOWED > 1:
        slowed = context.new_cdp_session(page)
        slowed.send("Emulation.setCPUThrottlingRate", {"rate": SLOWED})
    found = Visit(context, page, url)

    def said(message: Any) -> None:
        if message.type in ("error", "warning"):
            found.complaints.append(f"{message.type}: {message.text}")

    page.on("console", said)
    page.on("pageerror", lambda error: found.complaints.append(f"error: {error}"))
    page.on("dialog", lambda dialog: found.complaints.append(f"dialog: {dialog.message}"))
    try:
        yield found
        page.unroute_all(behavior="wait")
    finally:
        context.close()
    assert found.complaints == []


def number(text: str) -> int:
    """The first whole number in a text, thousands apart or not."""
    found = re.search(r"\d[\d,]*", text)
    assert found, text
    return int(found[0].replace(",", ""))
