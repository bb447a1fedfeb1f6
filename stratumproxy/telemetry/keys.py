"""The keys that counts go by: what a counter may have, before it has any.

A series that begins above 0 has no increase to Prometheus; so all are told from the start. Pools'
words and miners' are not among them.
"""

REJECTED = (
    "stale",
    "duplicate",
    "low-difficulty",
    "bad-ntime",
    "bad-version",
    "malformed",
    "unauthorized",
    "not-subscribed",
    "pool",
    "lost",
    "timed-out",
    "no-pool",
)
"""Why shares don't count."""

DROPPED = (
    "not-stratum",
    "line-too-long",
    "http-on-port",
    "tls-on-port",
    "plain-on-tls-port",
    "tls",
    "proxy-header",
    "proxy-header-on-port",
    "too-early",
    "handshake-timeout",
    "idle",
    "bug",
    "slow-reader",
    "broken",
    "too-many",
    "too-many-from-address",
    "no-pool",
    "flood",
    "invalid-shares",
    "banned",
    "ordered",
    "extranonce-changed",
    "no-tenant",
    "other",
)
"""Why connections are dropped or turned away."""

LOST = ("shares", "miners", "jobs", "events", "workers", "batches", "names", "log-lines")
"""What may be lost: kinds of records, names, lines of the log. Work is not: it is told later."""
