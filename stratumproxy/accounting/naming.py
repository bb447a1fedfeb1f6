"""How workers are called at a pool: the account, and what stands behind it.

Pools take names of the form ``account.worker``, split at the first dot, and differ in what they
take of the rest. Braiins Pool counts a worker name outside ``[-a-zA-Z0-9_@+:]`` as "[auto]"; names
are cut at 63 bytes here (Avalon) and break at 127 there (WhatsMiner), so tools on every side expect
no more. What fits all of them is what is sent: other characters become ``_``, a worker's part ends
after 63, a whole name after 127. Two workers may come to the same name by that. At the pool they
are one then; in our own books each goes by its own name, whatever it is called upstream.
"""

import re
from string import Formatter
from typing import NamedTuple

FORMAT = "{account}.{worker}"

LONGEST_PART, LONGEST = 63, 127
"""Characters of a worker's or a listener's part, and of the whole name."""

_OTHER = re.compile(r"[^-a-zA-Z0-9_@+:]")


class Called(NamedTuple):
    """What a worker is called at a pool."""

    name: str
    cut: bool
    """Something had to be changed or left out, so that the pool takes it."""


class Naming:
    """The names of one account.

    Args:
        account: our user at the pool. It is the operator's own word, and stays as it is.
        form: how a name is made: a `worker_format` that the configuration took.
    """

    def __init__(self, account: str, form: str = FORMAT) -> None:
        fields = {field for _, field, _, _ in Formatter().parse(form)}
        self.account = account
        self.form = form
        self.by_machine = bool(fields & {"ip", "listen"})
        """A name takes more than the worker's: its address, or where it came in."""
        self._strips = {"account", "worker"} <= fields

    def of(self, worker: str, ip: str = "", listen: str = "") -> Called:
        """What a worker is called.

        Args:
            worker: what it authorized as. Where both are in the form, an account and a dot that
                it begins with are not said twice; who has no name but the account goes as that.
            ip: its address, written with x between its parts: 192x168x1x23.
            listen: the name of the listener that it came in by.
        """
        own = worker
        if self._strips:
            own = "" if worker == self.account else worker.removeprefix(self.account + ".")
        if not own and not self.by_machine:
            return Called(self.account, False)
        parts = {
            "worker": _fitting(own),
            "ip": _fitting(re.sub(r"[.:]", "x", ip.removeprefix("::ffff:"))),
            "listen": _fitting(listen),
        }
        whole = self.form.format(account=self.account, **parts)
        name = whole[: max(LONGEST, len(self.account))]
        cut = name != whole or parts["worker"] != own or parts["listen"] != listen
        return Called(name, cut)


def _fitting(part: str) -> str:
    """A part of a name with nothing in it that a pool would not take."""
    return _OTHER.sub("_", part[:LONGEST_PART])
