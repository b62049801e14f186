"""Signatures: each purpose has its own key."""

from __future__ import annotations

import pytest

from console.security.signing import PurposeSigner


def test_a_signed_value_is_verified_to_the_same_bytes() -> None:
    signer = PurposeSigner(b"key", "link")

    assert signer.verify(signer.sign(b"\x00 31")) == b"\x00 31"


@pytest.mark.parametrize("other", [PurposeSigner(b"key", "session"), PurposeSigner(b"another key", "link")])
def test_a_value_signed_for_another_purpose_or_with_another_key_is_invalid(other: PurposeSigner) -> None:
    assert PurposeSigner(b"key", "link").verify(other.sign(b"31")) is None


@pytest.mark.parametrize("forged", ["", ".", "MzE.", "MzE.AAAA", "签名", "\ud800"])
def test_a_malformed_value_is_invalid(forged: str) -> None:
    assert PurposeSigner(b"key", "link").verify(forged) is None
