"""Readings as line protocol."""

from __future__ import annotations

from domain import Quality, Reading
from store.history.remote.line_protocol import lines


def test_a_reading_becomes_a_line_of_doubles_booleans_and_text() -> None:
    mixed = Reading("g 1", "k", 5, 6, {"a": 24, "b": True, "c": 'x"\\', "d": 0.5}, {"d": Quality.CLOCK})
    assert list(lines([mixed], text_as_tags=False)) == [
        r'fengshao,device=g\ 1,kind=k a=24,b=true,c="x\"\\",received_ms=6 5',
        r"fengshao,device=g\ 1,kind=k,quality=clock d=0.5,received_ms=6 5",
    ]
    assert list(lines([mixed], text_as_tags=True))[:2] == [
        r"fengshao,device=g\ 1,kind=k a=24,b=true,received_ms=6 5",
        r'fengshao,device=g\ 1,kind=k,word=x"_ c=1 5',
    ]
