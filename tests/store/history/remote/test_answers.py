"""Answers of history servers to writes."""

from __future__ import annotations

import json

import pytest

from store.history.remote.answers import (
    Accepted,
    Account,
    Answer,
    NotAdmitted,
    Refused,
    TryLater,
    read_answer,
    server_sentence,
    shortened,
)

ACCOUNT = Account("town", "sensors", "HISTORY_TOKEN")


def answer(status: int, body: str = "", **headers: str) -> Answer:
    return read_answer(
        status, {name.replace("_", "-"): value for name, value in headers.items()}, body.encode(), ACCOUNT
    )


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (400, '{"error":"partial write: points beyond retention policy dropped=1"}'),
        (422, '{"code":"unprocessable entity","message":"failure writing points to database: partial write: ..."}'),
        (413, '{"error":"Request Entity Too Large"}'),
        (
            500,
            '{"code":"internal error","message":"unexpected error: partial write: field type conflict: ... dropped=1"}',
        ),
    ],
)
def test_refusals_that_will_not_change(status: int, body: str) -> None:
    assert isinstance(answer(status, body), Refused)


@pytest.mark.parametrize(
    ("status", "body", "retry_after", "after_s"),
    [
        (429, '{"code":"too many requests","message":"over quota"}', "7", 7.0),
        (503, "", "99999", 300.0),
        (503, "<html>busy</html>", "Wed, 21 Oct 2026 07:28:00 GMT", None),
        (500, '{"error":"timeout"}', "", None),
        (500, '{"error":"partial write: shard 3 is pending deletion dropped=9"}', "", None),
        (408, "", "", None),
    ],
)
def test_answers_after_which_the_same_is_sent_again(
    status: int, body: str, retry_after: str, after_s: float | None
) -> None:
    found = answer(status, body, retry_after=retry_after)
    assert isinstance(found, TryLater)
    assert found.after_s == after_s
    assert found.sentence.startswith(f"HTTP {status}: ")


@pytest.mark.parametrize(
    ("status", "said", "setting"),
    [
        (401, "unauthorized access", "history.token_env: the server refuses the token in HISTORY_TOKEN"),
        (
            403,
            "insufficient permissions for write",
            "history.token_env: the token in HISTORY_TOKEN may not use the bucket",
        ),
        (404, 'organization name "town" not found', "history.org: the server has no organisation 'town'"),
        (404, 'bucket "org 7" not found', "history.bucket: the server has no bucket 'sensors'"),
        (404, 'database not found: "sensors"', "history.bucket: the server has no bucket 'sensors'"),
        (404, "page not found", "history.url: the server answers (HTTP 404: page not found)"),
    ],
)
def test_s7_token_organisation_and_bucket_are_told_apart(status: int, said: str, setting: str) -> None:
    found = answer(status, json.dumps({"code": "not found", "message": said}))
    assert isinstance(found, NotAdmitted)
    assert found.sentence.startswith(setting)
    assert "\n" not in found.sentence


@pytest.mark.parametrize(
    "body", ["<html>The plain HTTP request was sent to HTTPS port</html>", '{"error":"bad request"}', ""]
)
@pytest.mark.parametrize("status", [400, 422])
def test_a_refusal_without_a_word_about_lines_refuses_no_reading(status: int, body: str) -> None:
    """A proxy that answers everything so would otherwise take each reading out of the spool as refused."""
    found = answer(status, body)
    assert isinstance(found, TryLater)
    assert found.is_fault, "a single value may still be the reason, when others are taken"


def test_written_and_unreadable_answers() -> None:
    assert answer(204) == Accepted()
    assert server_sentence(b'["x"]') == ""
    assert server_sentence(b'{"error": 7}') == ""
    assert shortened("a\nb " + "x" * 400).startswith("a b xxx")
    assert len(shortened("x" * 400)) == 300
