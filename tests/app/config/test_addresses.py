"""Addresses on the command line: what cannot be used is refused without showing the password."""

from __future__ import annotations

import pytest

from app.config.addresses import InvalidAddress, parse_broker_url


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("mqtts://me:s3cret@broker.example:99999", "Port out of range"),
        ("mqtts://me:s3cret@broker.example:abc", "write mqtt://host:port"),
        ("http://me:s3cret@broker.example", "write mqtt://user:password@host:1883"),
        ("mqtts://:8883", "not an MQTT address"),
        ("mqtts://me:s3cret@[broker.example", "write mqtt://host:port"),
        ("mqtt://broker.example", "not used without credentials"),
    ],
)
def test_an_address_that_cannot_be_used_is_refused_without_its_password(url: str, message: str) -> None:
    with pytest.raises(InvalidAddress, match=message) as refused:
        parse_broker_url(url)
    assert "s3cret" not in str(refused.value)
