"""The fleet as it stands, in memory: what records and snapshots of all processes add up to.

Plain synchronous values, no I/O; the time is passed in. `Fleet` is all that others need.
"""

from stratumproxy.fleet.fleet import Fleet
from stratumproxy.fleet.worker import Worker

__all__ = ["Fleet", "Worker"]
