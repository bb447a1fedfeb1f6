"""A split by work: which machine mines for which target, so that each gets its part of the work.

A controller without I/O: told what machines do and what time it is, it says who is to move. The
simulated days of ``stratumproxy bench split`` run the same code. docs/split.md has the rules, the
reasons for them, and what they reach.

===========  =====================================================================
`account`    what each target is owed, by the work that counted
`machine`    a machine's rate, by its own shares
`part`       one target's part of the work, and who mines for it
`plan`       the fewest moves towards what is wanted
`band`       the controller: when to plan, who is seated where
===========  =====================================================================
"""

from stratumproxy.routing.split.account import DAY, Account, Kept, are_same, parts_of_1
from stratumproxy.routing.split.band import Band, Move, Rules, Standing, reach
from stratumproxy.routing.split.machine import Machine
from stratumproxy.routing.split.part import Part, WhenDown

__all__ = [
    "DAY",
    "Account",
    "Band",
    "Kept",
    "Machine",
    "Move",
    "Part",
    "Rules",
    "Standing",
    "WhenDown",
    "are_same",
    "parts_of_1",
    "reach",
]
