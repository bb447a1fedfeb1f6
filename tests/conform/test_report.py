"""Results as people and programs get them."""

import json
from xml.etree import ElementTree

import pytest

from stratumproxy.conform import report
from stratumproxy.conform.catalogue import case
from stratumproxy.conform.outcome import Book, Result

PASSED = Result(case("SV1-FRAME-CRLF"), "passed")
SKIPPED = Result(case("SV1-SUBMIT-LOW"), "skipped", "because of SV1-JOB-SENT")
FAILED = Result(case("SV1-JOB-SENT"), "failed", "no job in 10 s", (">> {\x01", "<< }"))
BROKEN_FIRMWARE = Result(case("SV1-STYLE-BITAXE"), "failed", "it hung up")


@pytest.mark.parametrize(
    ("results", "strict", "status"),
    [
        ([PASSED, SKIPPED], True, 0),
        ([PASSED, FAILED], False, 1),
        ([PASSED, BROKEN_FIRMWARE], False, 0),
        ([PASSED, BROKEN_FIRMWARE], True, 1),
        ([SKIPPED], False, 2),
        ([], False, 2),
    ],
)
def test_exit_status(results: list[Result], strict: bool, status: int) -> None:
    assert report.exit_status(results, strict=strict) == status


def test_lines() -> None:
    assert report.line(PASSED) == "  ok   SV1-FRAME-CRLF                   should"
    assert report.line(FAILED).splitlines() == [
        " FAIL  SV1-JOB-SENT                     must",
        "        no job in 10 s",
    ]
    assert report.explained(FAILED)[-2:] == ["    >> {\x01", "    << }"]
    counted = report.counted([PASSED, SKIPPED, FAILED, BROKEN_FIRMWARE])
    assert counted == "1 passed, 2 failed (1 firmware, 1 must), 1 not tried"


def test_json() -> None:
    data = json.loads(report.as_json([PASSED, FAILED], "pool", "here:1"))
    assert (data["role"], data["peer"], data["format"]) == ("pool", "here:1", 1)
    assert data["results"] == [
        {"id": "SV1-FRAME-CRLF", "level": "should", "status": "passed"},
        {
            "id": "SV1-JOB-SENT",
            "level": "must",
            "status": "failed",
            "text": "no job in 10 s",
            "transcript": [">> {\x01", "<< }"],
        },
    ]


def test_junit() -> None:
    suite = ElementTree.fromstring(report.as_junit([PASSED, SKIPPED, FAILED], "pool", "here:1"))
    assert (suite.get("tests"), suite.get("failures"), suite.get("skipped")) == ("3", "1", "1")
    failure = suite.find("testcase/failure")
    assert failure is not None
    assert failure.get("message") == "no job in 10 s"
    assert "<< }" in str(failure.text)


def test_a_book_names_a_fault_once() -> None:
    told: list[Result] = []
    book = Book((FAILED.case, SKIPPED.case), told.append)
    book.put(FAILED.case.id, "passed")
    book.put(FAILED.case.id, "failed", "later")
    book.put(FAILED.case.id, "failed", "again")
    book.put("SV1-FRAME-CRLF", "failed", "not asked for")
    book.hinder(SKIPPED.case.id, FAILED.case.id)
    assert [(each.status, each.text) for each in book.results()] == [
        ("failed", "later"),
        ("skipped", "because of SV1-JOB-SENT"),
    ]
    assert book.cause(SKIPPED.case.id) == book.cause(FAILED.case.id) == "SV1-JOB-SENT"
    assert book.failed("SV1-FRAME-CRLF")
    assert len(told) == 3
