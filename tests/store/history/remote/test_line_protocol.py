"""Readings as line protocol."""

from __future__ import annotations

from domain import Quality, Reading
from store.history.remote.line_protocol import lines, parse_line, table_lines, type_of


def test_a_reading_becomes_a_line_of_doubles_booleans_and_text() -> None:
    mixed = Reading("g 1", "k", 5, 6, {"a": 24, "b": True, "c": 'x"\\', "d": 0.5}, {"d": Quality.CLOCK})
    assert list(lines([mixed], text_as_tags=False)) == [
        r'fengshao,device=g\ 1,kind=k a=24,b:bool=true,c:text="x\"%5C",received_ms=6 5',
        r"fengshao,device=g\ 1,kind=k,quality=clock d=0.5,received_ms=6 5",
    ]
    assert list(lines([mixed], text_as_tags=True))[:2] == [
        r"fengshao,device=g\ 1,kind=k a=24,b:bool=true,received_ms=6 5",
        r'fengshao,device=g\ 1,kind=k,word=x"%5C c:text=1 5',
    ]


def test_a_line_for_a_table_has_all_tags_and_no_field_with_the_name_of_one() -> None:
    mixed = Reading("g 1", "k", 5, 6, {"a": 24, "quality": 3, "time": True, "kind": "x"}, {"a": Quality.CLOCK})
    assert list(table_lines([mixed])) == [
        r"fengshao,device=g\ 1,kind=k,quality=clock a=24,received_ms=6 5",
        r'fengshao,device=g\ 1,kind=k,quality=good quality:number=3,time:bool=true,kind:text="x",received_ms=6 5',
    ]


def test_a_line_is_taken_apart_and_put_together() -> None:
    text = r'fengshao,device=g\ 1\,\=,kind=k a=24,b:bool=true,c:text="x, y=\" z",received_ms=6 5'
    line = parse_line(text)
    assert line.tags == {"device": "g 1,=", "kind": "k"}
    assert [(name, type_of(value)) for name, value in line.measured] == [
        ("a", "float"),
        ("b:bool", "boolean"),
        ("c:text", "string"),
    ]
    assert str(line) == text
    assert str(line.with_fields(line.measured[:1])) == r"fengshao,device=g\ 1\,\=,kind=k a=24,received_ms=6 5"
