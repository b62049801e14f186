"""Access tokens: found by hash until revoked."""

from __future__ import annotations

import pytest
from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from store.database.system import tokens
from store.database.system.tokens import Token


def test_a_revoked_token_opens_nothing(tx: Connection) -> None:
    token = Token("t1", "abc", "worker", "w1", "p-1", 5)
    tokens.create(tx, token)
    assert tokens.find_by_hash(tx, "abc", 99) == token
    assert tokens.find_by_hash(tx, "abd", 99) is None
    assert tokens.revoke(tx, "t1", now=9)
    assert not tokens.revoke(tx, "t1", now=10)
    assert tokens.find_by_hash(tx, "abc", 99) is None
    assert [known.revoked_at for known in tokens.list_tokens(tx)] == [9]
    with pytest.raises(IntegrityError):
        tokens.create(tx, Token("t2", "abc", "viewer"))


def test_a_token_is_invalid_from_its_expiry_on(tx: Connection) -> None:
    tokens.create(tx, Token("t1", "abc", "viewer", name="wall", scope="read", expires_at=10))
    found = tokens.get(tx, "t1", 9)
    assert found is not None
    assert (found.name, found.scope) == ("wall", "read")
    assert tokens.find_by_hash(tx, "abc", 9) == found
    assert tokens.get(tx, "t1", 10) is None
    assert tokens.find_by_hash(tx, "abc", 10) is None
