"""The rules that a simulated peer holds others to: each with a code that does not change.

A code is the id of a case in the catalogue of `stratumproxy.conform`, which says where the rule
comes from.
"""

from typing import Literal, NamedTuple

Severity = Literal["must", "should", "firmware"]
"""``must``: nothing works, or shares are lost; ``should``: most expect it; ``firmware``: some real
miner or pool breaks on it."""

MAX_VIOLATIONS = 1000
"""The first ones of a peer are kept: the others mostly follow from them."""


class Rule(NamedTuple):
    """What a peer has to keep to."""

    code: str
    severity: Severity


class Violation(NamedTuple):
    """A rule that a peer broke."""

    rule: Rule
    who: str
    """The miner that saw it, or the client that did it."""
    text: str
    """What was seen, in words."""

    @property
    def code(self) -> str:
        """The rule's, which stays the same from version to version."""
        return self.rule.code

    @property
    def severity(self) -> Severity:
        """The rule's."""
        return self.rule.severity

    def __str__(self) -> str:
        """One line."""
        return f"{self.who}: {self.text} [{self.code}]"


# What a server owes its miners.

FRAME_JSON = Rule("SV1-FRAME-JSON", "must")
REPLY_ID = Rule("SV1-REPLY-ID", "must")
REPLY_NULL_ID = Rule("SV1-REPLY-NULL-ID", "firmware")
NEXT_LINE = Rule("SV1-HANDSHAKE-NEXT-LINE", "firmware")
ERROR_SHAPE = Rule("SV1-ERROR-SHAPE", "should")
SUBMIT_RESULT = Rule("SV1-SUBMIT-RESULT", "must")
METHOD_KNOWN = Rule("SV1-CONTROL-METHOD", "should")
MASK_MISSING = Rule("SV1-CONFIGURE-MASK-MISSING", "must")
MASK_SUBSET = Rule("SV1-CONFIGURE-MASK-SUBSET", "should")
MASK_UNASKED = Rule("SV1-CONFIGURE-MASK-UNASKED", "must")
EXTRANONCE1_HEX = Rule("SV1-EXTRANONCE1-HEX", "must")
EXTRANONCE1_LENGTH = Rule("SV1-EXTRANONCE1-LENGTH", "firmware")
EXTRANONCE2_SIZE = Rule("SV1-EXTRANONCE2-SIZE", "firmware")
EXTRANONCE_UNASKED = Rule("SV1-EXTRANONCE-UNASKED", "should")
EXTRANONCE_SUBSCRIBE = Rule("SV1-EXTRANONCE-SUBSCRIBE-TRUE", "firmware")
DIFFICULTY_FIRST = Rule("SV1-DIFFICULTY-FIRST", "should")
JOB_SHAPE = Rule("SV1-JOB-SHAPE", "must")
JOB_COINBASE = Rule("SV1-JOB-COINBASE", "must")
JOB_ID_REPEATED = Rule("SV1-JOB-ID-REPEATED", "firmware")

# What a miner owes its server.

MINER_JSON = Rule("SV1-MINER-FRAME-JSON", "must")
MINER_LINE_LENGTH = Rule("SV1-MINER-FRAME-LENGTH", "must")
MINER_READS = Rule("SV1-MINER-FRAME-READS", "must")
MINER_REQUEST = Rule("SV1-MINER-FRAME-REQUEST", "must")
MINER_ID_INTEGER = Rule("SV1-MINER-FRAME-ID-INTEGER", "firmware")
MINER_CONFIGURE = Rule("SV1-MINER-CONFIGURE-SHAPE", "must")
MINER_CONFIGURE_FIRST = Rule("SV1-MINER-CONFIGURE-FIRST", "should")
MINER_MASK_HEX = Rule("SV1-MINER-CONFIGURE-MASK", "must")
MINER_SUBSCRIBE_ONCE = Rule("SV1-MINER-SUBSCRIBE-ONCE", "should")
MINER_SUBMIT_SHAPE = Rule("SV1-MINER-SUBMIT-SHAPE", "must")
MINER_SUBMIT_EARLY = Rule("SV1-MINER-SUBMIT-EARLY", "must")
