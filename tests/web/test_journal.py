"""The newest jobs and events."""

from stratumproxy.web.journal import Jobs, Log
from tests.fleet.telling import Told, event, job
from tests.web.asking import Web


async def test_jobs_newest_first(web: Web) -> None:
    jobs = (await web.read("/api/jobs", Jobs))["jobs"]
    assert [each["job"] for each in jobs] == ["j2", "j1"]
    assert jobs[0] == job(name="j2")._asdict()


async def test_events_newest_first(web: Web, told: Told) -> None:
    told.tell(events=[event(text="a pool is lost")])
    events = (await web.read("/api/log", Log))["events"]
    assert [each["event"] for each in events] == ["a pool is lost", "a pool is ready"]
    assert events[0]["values"] == {"pool": "pool"}
