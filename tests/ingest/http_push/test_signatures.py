"""A push is accepted only with the signature that its platform documents."""

from __future__ import annotations

import hashlib

import pytest

from ingest.http_push.signatures import SIGNATURE_CHECKS

TOKEN = "our-token"
SAID = {"timestamp": "1767225660000", "nonce": "a1b2"}
SIGNATURE = hashlib.sha256(b"1767225660000a1b2our-token").hexdigest()


@pytest.mark.parametrize("signature", [SIGNATURE, SIGNATURE.upper()])
def test_iotda_signs_the_sorted_token_timestamp_and_nonce(signature: str) -> None:
    assert SIGNATURE_CHECKS["iotda"](SAID | {"signature": signature}, TOKEN)


@pytest.mark.parametrize(
    ("headers", "token"),
    [
        (SAID | {"signature": SIGNATURE}, "another-token"),
        (SAID | {"signature": SIGNATURE, "nonce": "a1b3"}, TOKEN),
        (SAID | {"signature": "签名"}, TOKEN),
        (SAID, TOKEN),
        ({}, TOKEN),
    ],
)
def test_iotda_without_the_right_signature_is_rejected(headers: dict[str, str], token: str) -> None:
    assert not SIGNATURE_CHECKS["iotda"](headers, token)
