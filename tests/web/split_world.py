"""A split made up for tests: a target that has its part, and one whose pool was away for long."""

from stratumproxy.telemetry.splits import SplitSnapshot

RATE = 4e5
"""Work a second of the whole farm."""


def splits_of(tenant: str) -> tuple[SplitSnapshot, ...]:
    """How its targets stand after a day."""
    work, debt = RATE * 86_400, RATE * 620
    return tuple(
        SplitSnapshot(
            tenant=tenant,
            target=target,
            part=part,
            wanted=part * work,
            delivered=part * work - lacks,
            debt=lacks,
            forgiven=0.0,
            rate=RATE * part,
            miners=round(100 * part),
            ready=target == "farm",
            total_rate=RATE,
            usual_rate=RATE,
            least=RATE * 1.6,
            age=86_400.0,
        )
        for target, part, lacks in (("farm", 0.7, -debt), ("second", 0.3, debt))
    )
