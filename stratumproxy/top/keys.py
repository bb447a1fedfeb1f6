"""Keys out of what a terminal sends, sans-IO."""

import codecs
import re
from collections.abc import Iterator

ESCAPE = "\x1b"

_SEQUENCE = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|O[@-~])")
"""A control sequence by ECMA-48, or a key of a terminal in application mode."""

_UNFINISHED = re.compile(r"\x1b(?:\[[0-?]*[ -/]*|O)\Z")
_LONGEST = 32

NAMES = {
    "\x1b[A": "up",
    "\x1bOA": "up",
    "\x1b[B": "down",
    "\x1bOB": "down",
    "\x1b[5~": "page-up",
    "\x1b[6~": "page-down",
    "\x1b[H": "home",
    "\x1bOH": "home",
    "\x1b[1~": "home",
    "\x1b[F": "end",
    "\x1bOF": "end",
    "\x1b[4~": "end",
    "\r": "enter",
    "\n": "enter",
    "\x7f": "backspace",
    "\x08": "backspace",
    "\x15": "clear",
    ESCAPE: "escape",
}
"""What xterm, the Linux console and those that follow them send."""


class Keys:
    """Bytes in, keys out: a name of `NAMES`, or the character itself."""

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._text = ""

    def feed(self, data: bytes) -> Iterator[str]:
        """Take in bytes, and give each key that they complete.

        An escape that nothing follows in the same read is the Escape key.
        """
        text = self._text + self._decoder.decode(data)
        self._text = ""
        while text:
            if sequence := _SEQUENCE.match(text):
                found, text = sequence[0], text[sequence.end() :]
            elif _UNFINISHED.match(text) and len(text) < _LONGEST:
                self._text = text
                return
            else:
                found, text = text[0], text[1:]
            if name := NAMES.get(found):
                yield name
            elif found.isprintable():
                yield found
