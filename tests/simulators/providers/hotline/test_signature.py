"""Signatures of the platform's interface, against the example of Standard Webhooks."""

from __future__ import annotations

from simulators.providers.hotline.signature import is_genuine, signed_headers

NOW = 1_795_269_900_000
SECRET = "a secret of the platform"


def test_a_signature_covers_id_time_and_body() -> None:
    headers = signed_headers(SECRET, "m-1", b"{}", NOW)

    assert is_genuine(SECRET, headers, b"{}", NOW + 300_000)
    assert not is_genuine(SECRET, headers, b"{} ", NOW)
    assert not is_genuine("another", headers, b"{}", NOW)
    assert not is_genuine(SECRET, {**headers, "webhook-id": "m-2"}, b"{}", NOW)
    assert not is_genuine(SECRET, headers, b"{}", NOW + 301_000)
    assert not is_genuine(SECRET, {**headers, "webhook-timestamp": "now"}, b"{}", NOW)
