"""Block headers and coinbase transactions, taken apart with construct.

A cold path, for people and logs: a parse costs some 10 µs. The hot path builds headers in C.
Formats: Bitcoin's developer reference; the height in the coinbase is BIP34's.
"""

from dataclasses import dataclass
from typing import Any

from construct import (
    Bytes,
    Computed,
    ConstructError,
    ExprAdapter,
    GreedyBytes,
    IfThenElse,
    Int8ul,
    Int16ul,
    Int32ul,
    Int64ul,
    Prefixed,
    PrefixedArray,
    Struct,
    Terminated,
    this,
)

from stratumproxy.errors import ProtocolError

HeaderFormat = Struct(
    "version" / Int32ul,
    "prevhash" / Bytes(32),
    "merkle_root" / Bytes(32),
    "ntime" / Int32ul,
    "nbits" / Int32ul,
    "nonce" / Int32ul,
    Terminated,
)


def _compact_size_parts(value: int, _context: object) -> dict[str, int]:
    """How a number is written: the first byte, and what follows it."""
    if value < 0xFD:
        return {"first": value, "value": value}
    first = 0xFD if value <= 0xFFFF else 0xFE if value <= 0xFFFFFFFF else 0xFF
    return {"first": first, "value": value}


CompactSize = ExprAdapter(
    Struct(
        "first" / Int8ul,
        "value"
        / IfThenElse(
            this.first < 0xFD,
            Computed(this.first),
            IfThenElse(
                this.first == 0xFD, Int16ul, IfThenElse(this.first == 0xFE, Int32ul, Int64ul)
            ),
        ),
    ),
    lambda parts, _context: parts.value,
    _compact_size_parts,
)

CoinbaseFormat = Struct(
    "version" / Int32ul,
    "inputs"
    / PrefixedArray(
        CompactSize,
        Struct(
            "txid" / Bytes(32),
            "index" / Int32ul,
            "script" / Prefixed(CompactSize, GreedyBytes),
            "sequence" / Int32ul,
        ),
    ),
    "outputs"
    / PrefixedArray(
        CompactSize,
        Struct("value" / Int64ul, "script" / Prefixed(CompactSize, GreedyBytes)),
    ),
    "locktime" / Int32ul,
    Terminated,
)


@dataclass(frozen=True, slots=True)
class Header:
    """A block header. Hashes are in internal order, as hashed."""

    version: int
    prevhash: bytes
    merkle_root: bytes
    ntime: int
    nbits: int
    nonce: int

    @classmethod
    def parse(cls, data: bytes) -> "Header":
        """Read 80 bytes.

        Raises:
            ProtocolError: there are more or fewer.
        """
        parts = _parse(HeaderFormat, data, "a block header")
        return cls(*(parts[name] for name in cls.__slots__))

    def build(self) -> bytes:
        """The 80 bytes."""
        fields = {name: getattr(self, name) for name in self.__slots__}
        return bytes(HeaderFormat.build(fields))


@dataclass(frozen=True, slots=True)
class Coinbase:
    """What a coinbase transaction says, without its witness."""

    script: bytes
    """The input's script: BIP34 height, extranonces, the pool's name."""
    outputs: tuple[tuple[int, bytes], ...]
    """Value in satoshi, and script, of each output."""
    locktime: int

    @classmethod
    def parse(cls, data: bytes) -> "Coinbase":
        """Read a whole coinbase transaction.

        Raises:
            ProtocolError: this is no coinbase: cut short, too long, or more than one input.
        """
        parts = _parse(CoinbaseFormat, data, "a coinbase")
        if len(parts.inputs) != 1:
            raise ProtocolError(f"not a coinbase: {len(parts.inputs)} inputs")
        outputs = tuple((output.value, output.script) for output in parts.outputs)
        return cls(parts.inputs[0].script, outputs, parts.locktime)

    @property
    def height(self) -> int | None:
        """The block's height (BIP34: the script's first push); None where there is none."""
        if not self.script:
            return None
        length = self.script[0]
        if 0x51 <= length <= 0x60:  # OP_1 to OP_16, on test chains
            return length - 0x50
        if not 1 <= length <= 8 or len(self.script) < 1 + length:
            return None
        return int.from_bytes(self.script[1 : 1 + length], "little", signed=True)

    @property
    def value(self) -> int:
        """What all outputs pay together, in satoshi."""
        return sum(value for value, _ in self.outputs)


def _parse(form: Struct, data: bytes, what: str) -> Any:
    try:
        return form.parse(data)
    except ConstructError as error:
        reason = str(error).strip().splitlines()[-1]
        raise ProtocolError(f"{len(data)} bytes are not {what}: {reason}") from None
