"""mining.configure: the extensions of BIP310."""

from dataclasses import dataclass
from typing import Any

from stratumproxy.protocol.v1.hex import read_uint32

FULL_MASK = 0xFFFFFFFF


def parse_hex32(value: object) -> int | None:
    """A 32-bit number as the wire has it: 1 to 8 hex digits, a ``0x`` before them tolerated.

    Returns:
        The number, or None where the value is anything else.
    """
    return read_uint32(value.removeprefix("0x")) if isinstance(value, str) else None


@dataclass(frozen=True, slots=True)
class Wishes:
    """What a miner asks for in mining.configure."""

    extensions: tuple[str, ...] = ()
    """Every extension it named, in its order; unknown ones too."""
    version_mask: int | None = None
    """The bits it can roll; None where it did not ask, or its mask is not hex."""
    minimum_difficulty: float | None = None

    @classmethod
    def parse(cls, params: object) -> "Wishes":
        """Read the params of mining.configure; what makes no sense counts as not asked.

        ``version-rolling.min-bit-count`` comes as a number (Antminer), a string (cpuminer) or not
        at all (WhatsMiner, cgminer). It is not read: the answer carries the mask there is, and a
        miner that can't live with it knows that better than a proxy.
        """
        if not isinstance(params, list) or not params or not isinstance(params[0], list):
            return cls()
        options: dict[str, Any] = {}
        if len(params) > 1 and isinstance(params[1], dict):
            options = params[1]
        extensions = tuple(name for name in params[0][:16] if isinstance(name, str))
        mask = None
        if "version-rolling" in extensions:
            # BIP310: the mask is optional and defaults to all bits.
            mask = parse_hex32(options.get("version-rolling.mask", f"{FULL_MASK:08x}"))
        minimum = options.get("minimum-difficulty.value")
        if "minimum-difficulty" not in extensions or not is_difficulty(minimum):
            minimum = None
        return cls(extensions, mask, minimum)

    def answer(self, version_mask: int) -> dict[str, Any]:
        """The result of mining.configure.

        Args:
            version_mask: the bits this miner may roll from now on; 0 refuses version rolling.
        """
        result: dict[str, Any] = {}
        for name in self.extensions:
            if name == "version-rolling":
                result[name] = bool(version_mask)
                if version_mask:
                    result["version-rolling.mask"] = f"{version_mask:08x}"
            elif name == "minimum-difficulty":
                result[name] = self.minimum_difficulty is not None
            else:
                result[name] = name in ("subscribe-extranonce", "info")
        return result


def is_difficulty(value: object) -> bool:
    """Whether a JSON value can be a difficulty: a positive finite number, and not a bool."""
    return type(value) in (int, float) and 0 < value < float("inf")  # type: ignore[operator]
