"""Every error this package raises, one small tree.

::

    StratumProxyError
    ├── ConfigError        the configuration file can't be used
    ├── ProtocolError      a peer sent bytes that are not Stratum
    │   └── LineTooLong    … or a line past the limit
    ├── PoolError          a pool can't be mined on (refused, unusable sizes, gone)
    ├── OrderError         an operator's order can't be carried out
    ├── TelemetryError     what should be telemetry is something else
    │   └── TooNew         … or a later release wrote it
    ├── SinkError          records can't be kept: disk full, damaged, wrong version
    ├── BenchError         nothing can be measured
    └── NativeUnavailable  the C share check was demanded and is not there

What a share is worth is never an error: it is a `stratumproxy.shares.Verdict`.
"""


class StratumProxyError(Exception):
    """The root. Its text is one line for an operator: what was wrong, where, what to do."""


class ConfigError(StratumProxyError):
    """The configuration can't be used.

    Args:
        problems: one line each: path or line in the file, what is wrong, what was expected.
    """

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class ProtocolError(StratumProxyError):
    """A peer sent something that is not Stratum V1, or what it must not send.

    Args:
        text: what, in words, and never what it sent.
        key: what it is counted under, if not what its class is.
        last_words: what to send before hanging up.
    """

    key = "not-stratum"

    def __init__(self, text: str, *, key: str = "", last_words: bytes = b"") -> None:
        super().__init__(text)
        self.key = key or self.key
        self.last_words = last_words


class LineTooLong(ProtocolError):
    """A peer sent a line longer than the limit that is set for it."""

    key = "line-too-long"


class PoolError(StratumProxyError):
    """A pool can't be mined on: it refused, sent unusable sizes, or is gone."""


class OrderError(StratumProxyError):
    """An operator's order can't be carried out."""


class TelemetryError(StratumProxyError):
    """Something on the telemetry channel is no telemetry."""


class TooNew(TelemetryError):
    """Records were written by a later release, in words that this one does not know."""


class SinkError(StratumProxyError):
    """Records can't be kept where they should be: the disk is full, or the file is damaged."""


class NothingKept(SinkError):
    """There is a ledger, and nothing in it yet: it is being made, or was never written to."""


class OlderLedger(SinkError):
    """It is of an older version: its owner brings it up to date."""


class BenchError(StratumProxyError):
    """Nothing can be measured: no compiler, a server that does not start, a broken result file."""


class NativeUnavailable(StratumProxyError):
    """`--require-native` was given, and the C share check can't be loaded."""


def first_of(error: BaseException) -> BaseException:
    """What really happened, out of the groups around it."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error
