"""Personal data and secrets are removed from whatever text becomes a line of the log."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.server.redaction import LENGTH_MAX, Redaction, named_secrets, secret_values


@pytest.fixture
def redact() -> Redaction:
    redaction = Redaction(["s3cr3t-of-the-town", "admin"])
    redaction.follow(lambda: "version 1", lambda: ["王奶奶", "李伟", "李伟民", "X"])
    return redaction


@pytest.mark.parametrize(
    ("written", "logged"),
    [
        ("王奶奶 lives here", "王** lives here"),
        ("李伟民与李伟", "李**与李*"),
        ("text to 19900000001 refused", "text to 199****0001 refused"),
        ("to +8619900000001 and 008619900000002", "to +86199****0001 and 0086199****0002"),
        ("--db-password=abc", "--db-password=***"),
        ("枫林苑3栋2单元402", "枫林苑3栋***"),
        ("枫林苑12号楼1501室燃气", "枫林苑12号楼***燃气"),
        ("key s3cr3t-of-the-town is wrong", "key *** is wrong"),
        ("Authorization: Bearer abc.def-123", "Authorization: Bearer ***"),
        ("GET /readings?platform=x&token=abc123&y=1", "GET /readings?platform=x&token=***&y=1"),
        ('{"access_token": "abc", "errcode": 0}', '{"access_token": "***", "errcode": 0}'),
        ("mqtt://fengshao:pa55word@broker:1883", "mqtt://fengshao:***@broker:1883"),
        ("mail to a.b+c@example.cn", "mail to ***"),
        ("link up", "link up"),
        ("gas-402 at 3栋", "gas-402 at 3栋"),
        ("session urgent is not ready: admin", "session urgent is not ready: admin"),
    ],
)
def test_what_is_personal_or_secret_is_hidden_and_the_rest_stays(redact: Redaction, written: str, logged: str) -> None:
    assert redact(written) == logged


def test_names_are_read_again_when_the_registry_changed() -> None:
    registry = [("one", ["王奶奶"]), ("two", ["赵敏"])]
    redact = Redaction()
    assert redact("王奶奶") == "王奶奶"
    redact.follow(lambda: registry[0][0], lambda: registry[0][1])
    assert redact("王奶奶 赵敏") == "王** 赵敏"
    del registry[0]
    assert redact("王奶奶 赵敏") == "王奶奶 赵*"


def test_only_variables_of_secrets_are_secrets() -> None:
    environ = {"FENGSHAO_WECOM_SECRET": "a", "FENGSHAO_MQTT_PASSWORD": "b", "FENGSHAO_HTTP": "c", "OTHER_TOKEN": "d"}
    assert secret_values(environ) == ["a", "b"]


@given(st.text(max_size=30), st.text(max_size=30))
def test_no_text_around_it_makes_a_phone_number_or_a_secret_visible(before: str, after: str) -> None:
    if before[-1:].isdigit() or after[:1].isdigit():
        return
    line = Redaction(["s3cr3t-of-the-town"])(f"{before}19900000001{after} s3cr3t-of-the-town {after}")
    assert "19900000001" not in line
    assert "s3cr3t-of-the-town" not in line


@pytest.mark.parametrize("part", ["a-", "1", "a", "1栋", "a.", "中", "://", "token"])
def test_a_long_line_of_anything_holds_up_no_message(redact: Redaction, part: str) -> None:
    """Eight thousand characters of `a-` took two seconds of the event loop, four times as many half a minute; now the
    time does not grow with a line beyond its limit, nor with the square of its length."""
    line = redact(part * (1_000_000 // len(part)) + "s3cr3t-of-the-town 王奶奶")
    assert len(line) < LENGTH_MAX + 10
    assert line.endswith("*** 王**")


def test_variables_that_settings_name_are_secrets_whatever_they_are_called() -> None:
    channels = {"sms": ({"key_env": "K", "name": "x"},)}
    settings = {"ledger": {"password_env": "TOWN_DB"}, "channels": channels, "n_env": 1}
    assert named_secrets(settings, {"TOWN_DB": "one", "K": "two", "x": "three"}) == ["one", "two"]
