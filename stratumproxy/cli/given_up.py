"""Whether anybody waits for what a thread does."""

import trio


def is_given_up() -> bool:
    """Whether the task that started this thread, by `trio.to_thread`, was cancelled since."""
    try:
        trio.from_thread.check_cancelled()
    except trio.Cancelled:
        return True
    return False
