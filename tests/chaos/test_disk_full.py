"""No room for the ledger: a loud error, mining goes on, and everything arrives once there is room.

The limit is on the size of the control process's files, which needs no disk to be full: what SQLite
meets is a write that fails.
"""

import resource
from typing import Any

import pytest

from tests.chaos.conftest import site
from tests.chaos.kept import Kept, keeping
from tests.chaos.memory import needs_children

__all__ = ["site"]

pytestmark = needs_children


def limit(kept: Kept, size: int) -> None:
    """Have no file of the control process grow past a size."""
    [process] = kept.processes("control")
    _, hard = resource.prlimit(process, resource.RLIMIT_FSIZE)
    resource.prlimit(process, resource.RLIMIT_FSIZE, (size, hard))


@pytest.mark.skipif(not hasattr(resource, "prlimit"), reason="only Linux limits other processes")
@pytest.mark.parametrize("killed", [False, True])
async def test_everything_arrives_once_there_is_room(
    site: Any, tmp_path: Any, killed: bool
) -> None:
    pool = await site.pool(clean_every=5)
    async with keeping(site, tmp_path, pool) as kept:
        await kept.keeps(lambda books: books.verdicts.total() > 0)

        limit(kept, 4096)
        await site.until(lambda: kept.logged("records can't be kept"))
        before = kept.miners.accepted()
        await kept.miners.each(accepted=5, since=before)
        if killed:  # what it held is told again by the processes
            await kept.kill("control")
        else:
            limit(kept, resource.RLIM_INFINITY)
            await site.until(lambda: kept.logged("records are kept again"))
        await kept.stop()

    kept.check(pool)
    warning = kept.logged("records can't be kept")[0]
    assert (warning["level"], warning["subject"]) == ("warning", "ledger")
    assert str(kept.ledger) in str(warning["why"])
