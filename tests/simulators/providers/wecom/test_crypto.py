"""WeCom envelopes: the sample of the provider, and manipulated ones."""

from __future__ import annotations

import pytest

from simulators.providers.wecom.crypto import BadEnvelope, Envelopes

TOKEN, AES_KEY, CORP = "QDG6eK", "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C", "wx5823bf96d3bd56c7"


def envelopes() -> Envelopes:
    return Envelopes(TOKEN, AES_KEY, CORP)


def test_the_sample_of_the_provider_is_decrypted() -> None:
    echo = "P9nAzCzyDtyTWESHep1vC5X9xho/qYX3Zpb4yKa9SKld1DsH3Iyt3tP3zNdtp+4RPcs8TgAE7OaBO+FZXvnaqQ=="
    signature = "5c45ff5e21c57e6ad56bac8758b79b1d9ac89fd3"
    assert envelopes().open(signature, "1409659589", "263014780", echo) == "1616140317555161061"


def test_encrypting_gives_the_recorded_envelope() -> None:
    sealed = envelopes().seal("hello", b"0123456789abcdef")
    assert sealed == "sKqRbbiSUnDhFHOvPjtUMd2aKGsnO1wGUhhgmucZyOooAmp9WiC5uDkjoOv6eP1l5uh45DeEw9aco5AR3vyVtA=="
    signature = envelopes().sign("1409659813", "1372623149", sealed)
    assert signature == "6963916188a9972dd57e779c6eb680b07cf4fa99"


def test_a_manipulated_envelope_is_rejected() -> None:
    sealed = envelopes().seal("hello", bytes(16))
    with pytest.raises(BadEnvelope, match="signature"):
        envelopes().open("0" * 40, "1", "2", sealed)
    other = Envelopes(TOKEN, AES_KEY, "another")
    with pytest.raises(BadEnvelope, match="corporation"):
        other.open(other.sign("1", "2", sealed), "1", "2", sealed)
    unpadded = Envelopes(TOKEN, AES_KEY[::-1], CORP)
    with pytest.raises(BadEnvelope):
        unpadded.open(unpadded.sign("1", "2", sealed), "1", "2", sealed)
    with pytest.raises(ValueError, match="43 characters"):
        Envelopes(TOKEN, "short00", CORP)
