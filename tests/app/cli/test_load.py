"""`fengshao simulate --rate`."""

from __future__ import annotations

from collections.abc import Callable

from tests.conftest import Broker
from tests.support.cli import run


def test_a_rate_is_held_and_reported(broker: Broker) -> None:
    url = f"mqtt://127.0.0.1:{broker.port}"
    result = run("simulate", "--rate", "500", "--seconds", "0.4", "--devices", "10", "--broker", url)
    assert result.output.startswith("200 messages in ")
    assert "of 500 asked for" in result.output


def test_a_rate_that_no_broker_holds_is_an_exit_code(broker: Broker) -> None:
    url = f"mqtt://127.0.0.1:{broker.port}"
    result = run("simulate", "--rate", "50000000", "--seconds", "0.0005", "--broker", url)
    assert (result.exit_code, result.output.split(" ")[0]) == (3, "25000")


def test_a_broker_that_cannot_be_reached_is_named(free_port: Callable[[], int]) -> None:
    result = run("simulate", "--rate", "5", "--broker", f"mqtt://127.0.0.1:{free_port()}")
    assert result.exit_code == 1
    assert "mqtt://127.0.0.1:" in result.stderr
