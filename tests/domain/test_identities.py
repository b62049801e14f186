"""Comparison of identities, and identities that are secrets."""

from __future__ import annotations

import pytest

from domain.identities import canonical, hidden, hidden_in_topic, secrets_of, shown

TOKEN = "A1_TEST_TOKEN"


@pytest.mark.parametrize(
    ("platform", "first", "second", "same"),
    [
        ("chirpstack", "0101010101ABCDEF", "0101010101abcdef", True),
        ("zigbee2mqtt", "0x000D6F0014F7BF0F", "0x000d6f0014f7bf0f", True),
        ("zigbee2mqtt", "Kitchen", "kitchen", False),
        ("native", "GAS-1", "gas-1", False),
    ],
)
def test_case_is_ignored_in_hexadecimal_identities_only(platform: str, first: str, second: str, same: bool) -> None:
    assert (canonical(platform, first) == canonical(platform, second)) is same


def test_an_access_token_is_shown_as_a_fingerprint_everywhere() -> None:
    assert shown("thingsboard", TOKEN) == hidden(TOKEN)
    assert TOKEN not in hidden_in_topic(f"v1/devices/{TOKEN}/telemetry")
    assert TOKEN not in hidden_in_topic(f"https://tb.example/api/v1/{TOKEN}/telemetry")
    assert shown("zigbee2mqtt", "kitchen") == "kitchen"


def test_the_secrets_of_a_message_are_its_identity_and_the_token_in_its_topic() -> None:
    assert secrets_of("thingsboard", TOKEN, f"v1/devices/{TOKEN}/telemetry") == [TOKEN, TOKEN]
    assert secrets_of("thingsboard", None, "v1/devices/me/telemetry") == []
    assert secrets_of("zigbee2mqtt", "kitchen", "zigbee2mqtt/kitchen") == []
