"""Cursors of pages are signed."""

from __future__ import annotations

import pytest

from console.http.page_cursors import PageCursors
from console.http.problems import Problem


def test_a_cursor_comes_back_as_it_was_and_a_made_up_one_is_refused() -> None:
    cursors = PageCursors(b"key")
    sealed = cursors.sign("1795269903123:设备-1")

    assert cursors.verify(sealed) == "1795269903123:设备-1"
    assert cursors.sign(None) is None
    assert cursors.verify(None) is cursors.verify("") is None
    for forged in ("1795269903123:x", "AAAA", "ä", "\ud800.\ud800", f"{sealed}AA", "A"):
        with pytest.raises(Problem):
            cursors.verify(forged)
    with pytest.raises(Problem):
        PageCursors(b"another key").verify(sealed)
