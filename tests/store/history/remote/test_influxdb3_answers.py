"""What an answer of InfluxDB 3 means."""

from __future__ import annotations

import json

import pytest

from store.history.remote.answers import Accepted, Account, NotAdmitted, Refused, RefusedLine, TryLater
from store.history.remote.influxdb3_answers import is_nothing_yet, is_too_many_files, read_write_answer

ACCOUNT = Account("", "fengshao", "T")
LINE = {"error_message": "No fields were provided", "line_number": 2, "original_line": "fengshao,device=g1,k"}


def answer(status: int, body: object = "", **headers: str) -> object:
    text = body if isinstance(body, str) else json.dumps(body)
    return read_write_answer(status, headers, text.encode(), ACCOUNT)


def test_a_partial_write_names_its_lines() -> None:
    partial = {"error": "partial write of line protocol occurred", "data": [LINE]}
    expected = Refused("No fields were provided", (RefusedLine(2, "No fields were provided"),))
    assert answer(400, partial) == answer(422, partial) == expected
    assert answer(204) == Accepted()


@pytest.mark.parametrize(
    ("status", "body", "starts"),
    [
        (401, {"error": "the request was not authenticated"}, "history.token_env: the server refuses the token in T"),
        (403, "", "history.token_env: the token in T may not use the database 'fengshao' (HTTP 403: HTTP 403)"),
        (404, "Not found", "history.url: "),
        (422, {"error": "Adding a new database would exceed limit of 5 databases"}, "history.bucket: "),
        (400, {"error": "db name did not start with a number or letter"}, "history.bucket: "),
        (400, {"error": "cannot write to soft-deleted database 'x' - it is marked for deletion"}, "history.bucket: "),
    ],
)
def test_what_a_person_must_mend(status: int, body: object, starts: str) -> None:
    found = answer(status, body)
    assert isinstance(found, NotAdmitted)
    assert found.sentence.startswith(starts)


def test_what_passes() -> None:
    assert answer(429, "this service is overloaded, please try again later", **{"retry-after": "7"}) == TryLater(
        "HTTP 429: this service is overloaded, please try again later", 7.0
    )
    assert answer(503) == TryLater("HTTP 503: HTTP 503")
    assert answer(500, "write buffer error: error from wal") == TryLater(
        "HTTP 500: write buffer error: error from wal", is_fault=True
    )
    assert answer(413, "max request size (10485760 bytes) exceeded") == Refused(
        "max request size (10485760 bytes) exceeded"
    )
    plain = answer(400, "Client sent an HTTP request to an HTTPS server")
    assert isinstance(plain, TryLater)
    assert plain.is_fault


@pytest.mark.parametrize("data", [None, [], "x", [{"line_number": "2"}], {"line_number": 2}])
def test_data_that_numbers_no_lines_refuses_nothing(data: object) -> None:
    assert isinstance(answer(400, {"error": "partial write of line protocol occurred", "data": data}), TryLater)


def test_queries_of_what_nobody_has_written_yet() -> None:
    assert is_nothing_yet(404, "query error: database not found: fengshao")
    assert is_nothing_yet(400, "Error during planning: table 'public.iox.fengshao' not found")
    assert not is_nothing_yet(404, "Not found")
    assert is_too_many_files("Query would exceed file limit of 432 parquet files. Please specify a smaller time range")
    assert not is_too_many_files("Schema error: no such file")
