"""Checkpoints: one state a name, with its journal positions."""

from __future__ import annotations

from sqlalchemy import Connection

from domain import Lane
from store.database.system import checkpoints
from store.database.system.checkpoints import Checkpoint


def test_a_checkpoint_replaces_the_former_one(tx: Connection) -> None:
    assert checkpoints.load(tx, "engine") is None
    checkpoints.save(tx, "engine", {Lane.BULK: 3}, now=10, blob=b"\x00old")
    checkpoints.save(tx, "engine", {Lane.BULK: 9, Lane.URGENT: 2**40}, now=20, blob=b"new")
    checkpoints.save(tx, "listener", {}, now=20, blob=b"")
    loaded = checkpoints.load(tx, "engine")
    assert loaded == Checkpoint("engine", {Lane.BULK: 9, Lane.URGENT: 2**40}, 20, b"new")
