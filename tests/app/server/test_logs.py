"""The log as text and as JSON, and that known personal data does not reach it on the way from a device to a person."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from app.server.logs import JsonFormatter, TextFormatter, use_format
from app.server.redaction import Redaction
from tests.conftest import Broker
from tests.support.service_harness import PEOPLE, TOKEN, running_service

Output = Callable[[type[logging.Formatter], Redaction], io.StringIO]


@pytest.fixture
def output() -> Iterator[Output]:
    """Everything that is logged, down to debugging, through one of our formatters."""
    handlers: list[logging.Handler] = []
    root = logging.getLogger()
    level = root.level

    def attach(formatter: type[logging.Formatter], redact: Redaction) -> io.StringIO:
        stream = io.StringIO()
        handlers.append(logging.StreamHandler(stream))
        handlers[-1].setFormatter(formatter(redact))  # type: ignore[arg-type]
        root.addHandler(handlers[-1])
        root.setLevel(logging.DEBUG)
        return stream

    yield attach
    for handler in handlers:
        root.removeHandler(handler)
    root.setLevel(level)


def failing() -> None:
    raise ValueError("no route to 19900000001")


def test_a_line_of_json_has_time_level_fields_and_a_redacted_exception(output: Output) -> None:
    stream = output(JsonFormatter, Redaction())
    log = logging.getLogger("fengshao.test")
    log.warning("message %s not accepted", "m1", extra={"provider": "aliyun", "tries": 3, "to": "19900000001"})
    try:
        failing()
    except ValueError:
        log.exception("channel failed")
    first, second = (json.loads(line) for line in stream.getvalue().splitlines())
    assert first.pop("time").endswith("+00:00")
    assert first == {
        "level": "warning",
        "logger": "fengshao.test",
        "message": "message m1 not accepted",
        "provider": "aliyun",
        "tries": 3,
        "to": "199****0001",
    }
    assert second["exception"].endswith("ValueError: no route to 199****0001")


def test_a_line_of_text_shows_the_fields_too(output: Output) -> None:
    stream = output(TextFormatter, Redaction())
    logging.getLogger("fengshao.test").warning("job failed", extra={"job": "audit"})
    assert stream.getvalue().endswith("WARNING fengshao.test job failed job=audit\n")


def test_the_setting_changes_the_format_of_our_lines_only(output: Output) -> None:
    foreign = logging.StreamHandler(io.StringIO())
    logging.getLogger().addHandler(foreign)
    stream = output(TextFormatter, Redaction())
    use_format("json", Redaction())
    logging.getLogger("fengshao.test").warning("link up")
    logging.getLogger().removeHandler(foreign)
    assert json.loads(stream.getvalue())["message"] == "link up"
    assert foreign.formatter is None


async def test_personal_data_does_not_reach_the_log_between_a_device_and_a_person(
    tmp_path: Path, broker: Broker, free_port: Callable[[], int], output: Output
) -> None:
    redact = Redaction([TOKEN, "secret-of-the-town"])
    stream = output(JsonFormatter, redact)
    async with running_service(tmp_path / "data", broker.port, free_port()) as harness:
        registry = harness.service.registry
        redact.follow(registry.current_community, registry.names)
        await harness.publish("fengshao/v1/gas-402/alarm", {"alarm": True, "lel_pct": 18.5})
        await harness.phone("李伟").expects_sms("燃气泄漏", "3栋2单元402")
        await harness.phone("李伟").replies("王奶奶家在3栋2单元402，电话19900000003")
        await harness.phone("李伟").replies("11")
        await harness.phone("李伟").expects_sms("接警")
        await harness.publish("fengshao/v1/gas-402/up", "王奶奶 19900000002 {")
        await harness.api.post("/api/v1/login", json={"user": "王奶奶", "password": "first-0001"})
        await harness.api.get("/api/v1/people?q=王奶奶")
        # What a library says of a failure is not in our hands.
        logging.getLogger("httpx2").warning("POST https://sms.example.cn/?PhoneNumbers=19900000001&SignName=王奶奶")
    lines = stream.getvalue()
    assert len(lines.splitlines()) > 10
    personal = {person.name for person in PEOPLE} | {person.phone for person in PEOPLE if person.phone}
    assert {one for one in (*personal, "2单元402", "first-0001", TOKEN, "secret-of-the-town") if one in lines} == set()
