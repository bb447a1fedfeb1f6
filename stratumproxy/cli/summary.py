"""What a run came to, in one line."""

from stratumproxy.telemetry.snapshot import Snapshot


def summary(snapshot: Snapshot) -> str:
    """One line for people, such as the last of a run."""
    rejected = sum(snapshot.rejected.values())
    reasons = _in_words(snapshot.rejected)
    parts = [
        f"ran {duration(snapshot.uptime)}",
        f"{snapshot.accepted} shares accepted",
        f"{rejected} rejected" + (f" ({reasons})" if reasons else ""),
        f"{snapshot.forwarded} sent to pools",
    ]
    accepted = sum(pool.accepted for pool in snapshot.pools)
    refused = sum(pool.rejected for pool in snapshot.pools)
    lost = sum(pool.lost for pool in snapshot.pools)
    pending = sum(pool.pending for pool in snapshot.pools)
    if snapshot.forwarded:
        waiting = f", {pending} without a verdict" if pending else ""
        parts[-1] += f" ({accepted} accepted, {refused} rejected, {lost} lost{waiting})"
    if snapshot.blocks:
        parts.append(f"{snapshot.blocks} at the network's target")
    if dropped := sum(snapshot.drops.values()):
        parts.append(f"{dropped} connections dropped ({_in_words(snapshot.drops)})")
    return "; ".join(parts)


def summary_values(snapshot: Snapshot) -> dict[str, object]:
    """The same as values, for a JSON log."""
    return {
        "uptime": round(snapshot.uptime, 3),
        "accepted": snapshot.accepted,
        "rejected": dict(_by_count(snapshot.rejected)),
        "forwarded": snapshot.forwarded,
        "pool_accepted": sum(pool.accepted for pool in snapshot.pools),
        "pool_rejected": sum(pool.rejected for pool in snapshot.pools),
        "lost": sum(pool.lost for pool in snapshot.pools),
        "pending": sum(pool.pending for pool in snapshot.pools),
        "blocks": snapshot.blocks,
        "blocks_accepted": snapshot.blocks_accepted,
        "blocks_refused": snapshot.blocks_refused,
        "dropped": dict(_by_count(snapshot.drops)),
    }


def duration(seconds: float) -> str:
    """Such as ``2d 3h 4m 5s``; the smaller units only where they matter."""
    if seconds < 10:
        return f"{seconds:.1f}s"
    left = round(seconds)
    text: list[str] = []
    for unit, size in (("d", 86_400), ("h", 3600), ("m", 60), ("s", 1)):
        count, left = divmod(left, size)
        if count or text:
            text.append(f"{count}{unit}")
    return " ".join(text)


def _in_words(counts: dict[str, int]) -> str:
    return ", ".join(f"{count} {reason}" for reason, count in _by_count(counts))


def _by_count(counts: dict[str, int]) -> list[tuple[str, int]]:
    """The most frequent first; those that never happened left out."""
    return sorted(
        ((reason, count) for reason, count in counts.items() if count),
        key=lambda item: (-item[1], item[0]),
    )
