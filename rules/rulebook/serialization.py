"""Rulebooks as a checkpoint stores them."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec
from msgspec import Struct

from rules.rulebook.model import Rulebook

# -- books written down with the state that was judged by them ---------------------------------------------------


class _RulebooksOnly(Struct):
    books: bytes = b""


def dump_rulebooks(books: Iterable[Rulebook]) -> bytes:
    """Rulebooks as a snapshot keeps them."""
    plain = [book.model_dump(mode="json", exclude_defaults=True, context={"as_written": True}) for book in books]
    return msgspec.json.encode(plain)


def rulebooks_in_checkpoint(snapshot: bytes) -> list[Rulebook]:
    """The books by which a snapshot was judged; none in one of an older version. Raises ValueError for what this
    version cannot read."""
    return load_rulebooks(msgspec.msgpack.decode(snapshot, type=_RulebooksOnly).books)


def load_rulebooks(written: bytes) -> list[Rulebook]:
    """Rulebooks as a snapshot keeps them, as rulebooks. Raises ValueError."""
    return [Rulebook.model_validate(one) for one in msgspec.json.decode(written or b"[]")]
