"""What a protocol has to be able to say to a miner, and to read from it."""

from abc import ABC, abstractmethod

from stratumproxy.mining.job import PoolJob
from stratumproxy.mining.rejects import Reject


class Codec(ABC):
    """A protocol's words, in bytes that are ready to be sent."""

    __slots__ = ()

    @staticmethod
    @abstractmethod
    def encode_job(job_id: str, job: PoolJob, prefix: bytes, clean: bool) -> bytes:
        """A job, the same bytes for every miner with as many bytes of the extranonce.

        Args:
            job_id: the id that miners know it by.
            job: what the pool sent.
            prefix: what stands between the pool's coinb1 and the miner's extranonce1.
            clean: whether all work before it is to be dropped.
        """

    @abstractmethod
    def receive(self, data: bytes, now: float) -> bytes:
        """Take what the miner sent.

        Returns:
            What to send back, perhaps nothing.

        Raises:
            ProtocolError: it does not speak this protocol; close the connection.
        """

    @abstractmethod
    def say_subscribed(self, now: float) -> bytes:
        """Its bytes of the extranonce, which it had to wait for, and what follows them."""

    @abstractmethod
    def say_accepted(self, reply_to: bytes) -> bytes:
        """A share counts.

        Args:
            reply_to: as it was read with the share, in whatever words this protocol has for that.
        """

    @abstractmethod
    def say_refused(self, reply_to: bytes, reject: Reject) -> bytes:
        """A share does not count, and why.

        Args:
            reply_to: as above.
            reject: why.
        """

    @abstractmethod
    def say_difficulty(self, difficulty: float | int) -> bytes:
        """What shares of the next job have to meet."""

    @abstractmethod
    def say_version_mask(self, mask: int) -> bytes:
        """Which version bits it may roll from the next job on."""

    @abstractmethod
    def say_extranonce(self, extranonce1: bytes, extranonce2_size: int) -> bytes:
        """Which bytes of the extranonce are its own from the next job on."""

    @abstractmethod
    def say_reconnect(self) -> bytes:
        """It should come back by a new connection."""
