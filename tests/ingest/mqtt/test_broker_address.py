"""Broker addresses: parsed once, without their password in any text."""

from __future__ import annotations

import pytest

from ingest.mqtt.broker_address import InvalidBrokerAddress, parse_broker_address


def test_an_address_is_parsed_and_its_password_is_never_printed() -> None:
    address = parse_broker_address("mqtts://ward:s%40fe@broker.example:8884")
    assert ("broker.example", 8884, True, "ward", b"s@fe") == (
        address.host,
        address.port,
        address.tls,
        address.username,
        address.password,
    )
    assert "fe" not in repr(address) + str(address)
    assert "mqtts://ward:***@broker.example:8884" == address.without_password
    assert 1883 == parse_broker_address("127.0.0.1").port


@pytest.mark.parametrize("url", ["http://x", "mqtt://", "mqtt://x:port", "mqtt://[x"])
def test_an_invalid_address_says_what_to_write(url: str) -> None:
    with pytest.raises(InvalidBrokerAddress, match="write mqtt://host:port"):
        parse_broker_address(url)


def test_an_ipv6_address_is_written_in_brackets() -> None:
    address = parse_broker_address("mqtt://[::1]:1884")
    assert ("::1", "mqtt://[::1]:1884", "mqtt://[::1]:1884") == (address.host, str(address), address.without_password)
