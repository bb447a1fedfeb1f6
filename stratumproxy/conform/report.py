"""Results as a table for people, as JSON, and as JUnit's XML for what collects tests."""

import json
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from xml.etree import ElementTree

from stratumproxy import __version__
from stratumproxy.conform.outcome import Result

FORMAT = 1
"""Of the JSON."""
MARKS = {"passed": "  ok  ", "failed": " FAIL ", "skipped": "  --  "}


def line(result: Result) -> str:
    """One result, and why, on one line or two."""
    text = f"{MARKS[result.status]} {result.case.id:<32} {result.case.severity}"
    if result.status == "passed":
        return text
    return f"{text}\n        {result.text}"


def explained(result: Result) -> list[str]:
    """The rule, its source, and the conversation of a failed case."""
    return [
        f"{result.case.id}: {result.case.rule}",
        f"    source: {result.case.source}",
        f"    seen: {result.text}",
        *(f"    {each}" for each in result.transcript),
    ]


def counted(results: Sequence[Result]) -> str:
    """One line: how many of which."""
    count = Counter(result.status for result in results)
    levels = Counter(result.case.level for result in results if result.status == "failed")
    parts = ", ".join(f"{number} {level}" for level, number in sorted(levels.items()))
    failed = f"{count['failed']} failed" + (f" ({parts})" if parts else "")
    return f"{count['passed']} passed, {failed}, {count['skipped']} not tried"


def exit_status(results: Sequence[Result], *, strict: bool) -> int:
    """0: passed; 1: a case failed; 2: nothing was tried.

    Args:
        results: all of them.
        strict: every level counts, and not only must.
    """
    if any(
        result.status == "failed" and (strict or result.case.level == "must") for result in results
    ):
        return 1
    return 0 if any(result.status != "skipped" for result in results) else 2


def as_json(results: Sequence[Result], role: str, peer: str) -> str:
    """All of it, for programs.

    Args:
        results: all of them.
        role: pool, miner, proxy.
        peer: what was tried.
    """
    data: dict[str, Any] = {
        "format": FORMAT,
        "suite": f"stratumproxy {__version__}",
        "date": datetime.now(UTC).date().isoformat(),
        "role": role,
        "peer": peer,
        "results": [
            {
                "id": result.case.id,
                "level": result.case.severity,
                "status": result.status,
                **({"text": result.text} if result.text else {}),
                **({"transcript": list(result.transcript)} if result.transcript else {}),
            }
            for result in results
        ],
    }
    return json.dumps(data, indent=1, ensure_ascii=False) + "\n"


def as_junit(results: Sequence[Result], role: str, peer: str) -> str:
    """JUnit's XML: a suite, a test case each, in classes by group."""
    failed = sum(result.status == "failed" for result in results)
    skipped = sum(result.status == "skipped" for result in results)
    suite = ElementTree.Element(
        "testsuite",
        name=f"conform {role} {peer}",
        tests=str(len(results)),
        failures=str(failed),
        errors="0",
        skipped=str(skipped),
    )
    for result in results:
        case = ElementTree.SubElement(
            suite, "testcase", name=result.case.id, classname=f"{role}.{result.case.group}"
        )
        if result.status == "failed":
            failure = ElementTree.SubElement(
                case, "failure", message=_clean(result.text), type=result.case.severity
            )
            failure.text = _clean("\n".join(explained(result)))
        elif result.status == "skipped":
            ElementTree.SubElement(case, "skipped", message=_clean(result.text))
    ElementTree.indent(suite)
    return ElementTree.tostring(suite, encoding="unicode", xml_declaration=True) + "\n"


def _clean(text: str) -> str:
    """Without what XML can't hold."""
    return "".join(each for each in text if each >= " " or each in "\n\t")
