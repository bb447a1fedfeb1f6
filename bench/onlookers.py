"""Who looks on while the proxy is measured: Prometheus, and people with the dashboard open."""

import http.client
import json
import signal
import sys
import threading
import time
from collections.abc import Callable

SCRAPE_SECONDS = 1.0
DASHBOARDS = 3


class Onlookers:
    """A scrape a second, and dashboards: an event stream each, and the rows that changed.

    Args:
        port: of the API, on 127.0.0.1.
    """

    def __init__(self, port: int) -> None:
        self._port = port
        self.seen = {"scrapes": 0, "events": 0, "rows": 0}
        """What they were told so far."""

    def watch(self) -> None:
        """Look on until SIGTERM; end with an error if there was nothing to see."""
        signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])
        looks = [self._scrape, *(self._dashboard for _ in range(DASHBOARDS))]
        threads = [threading.Thread(target=_again_and_again, args=(look,)) for look in looks]
        for thread in threads:
            thread.daemon = True
            thread.start()
        signal.sigwait([signal.SIGTERM])
        if not all(self.seen.values()):
            sys.exit(f"they saw too little: {self.seen}")

    def _get(self, path: str) -> http.client.HTTPResponse:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=30)
        connection.request("GET", path, headers={"Accept-Encoding": "identity"})
        response = connection.getresponse()
        if response.status != 200:
            raise OSError(f"{path}: {response.status}")
        return response

    def _scrape(self) -> None:
        began = time.monotonic()
        self.seen["scrapes"] += b"stratumproxy_" in self._get("/metrics").read()
        time.sleep(max(SCRAPE_SECONDS - (time.monotonic() - began), 0))

    def _dashboard(self) -> None:
        """As the page does: on each summary it asks for the rows that changed."""
        revision = 0
        for line in self._get("/api/events"):
            if line != b"event: summary\n":
                continue
            self.seen["events"] += 1
            table = json.loads(self._get(f"/api/table?since={revision}").read())
            revision = table["revision"]
            self.seen["rows"] += len(table["rows"])


def _again_and_again(look: Callable[[], None]) -> None:
    while True:
        try:
            look()
        except (OSError, http.client.HTTPException):
            time.sleep(0.2)  # it does not listen yet


if __name__ == "__main__":
    Onlookers(int(sys.argv[1])).watch()
