"""Whether a text is a CAP 1.2 message: by the schema that OASIS published, and by what its data dictionary adds.

The schema leaves every text free; section 3.2 of the standard says which characters an identifier may have, that a
polygon is closed, and which elements need each other. A receiver may refuse either.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Final
from xml.etree.ElementTree import Element

import xmlschema
from defusedxml.ElementTree import fromstring

CAP: Final = "{urn:oasis:names:tc:emergency:cap:1.2}"
PUBLISHED: Final = Path(__file__).parents[1] / "fixtures" / "schemas" / "CAP-v1.2.xsd"

_TOKEN: Final = r"[^\s,<&]+"
_TIME: Final = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[-+]\d\d:\d\d"
_POINT: Final = r"-?\d+(\.\d+)?,-?\d+(\.\d+)?"
_SHAPES: Final = {
    "identifier": _TOKEN,
    "sender": _TOKEN,
    "sent": _TIME,
    "onset": _TIME,
    "expires": _TIME,
    "references": f"{_TOKEN},{_TOKEN},{_TIME}( {_TOKEN},{_TOKEN},{_TIME})*",
    "polygon": f"{_POINT}( {_POINT}){{3,}}",
    "circle": rf"{_POINT} \d+(\.\d+)?",
}
"""Elements whose text the data dictionary limits further than the schema."""
_NOT_EMPTY: Final = ("event", "areaDesc", "valueName", "restriction", "note", "incidents", "senderName", "headline")
_REFERRING: Final = frozenset({"Update", "Cancel", "Ack", "Error"})


@cache
def published_schema() -> xmlschema.XMLSchema:
    """The schema of OASIS; tests/fixtures/schemas/README.md has its origin."""
    return xmlschema.XMLSchema(str(PUBLISHED))


def valid_message(text: str) -> Element:
    """The message, once it is valid; AssertionError or the schema's own error names the element."""
    message = fromstring(text)
    published_schema().validate(message)
    faults = dictionary_faults(message)
    assert faults == [], faults
    return message


def dictionary_faults(message: Element) -> list[str]:
    """What section 3.2 of the standard forbids and the schema allows."""
    faults = [
        f"{name}: {element.text!r}"
        for name, shape in _SHAPES.items()
        for element in message.iterfind(f".//{CAP}{name}")
        if not re.fullmatch(shape, element.text or "")
    ]
    faults += [
        f"{name} is empty"
        for name in _NOT_EMPTY
        for element in message.iterfind(f".//{CAP}{name}")
        if not (element.text or "").strip()
    ]
    return faults + _open_polygons(message) + _missing_partners(message)


def _open_polygons(message: Element) -> list[str]:
    rings = [(element.text or "").split() for element in message.iterfind(f".//{CAP}polygon")]
    return [f"polygon is not closed: {ring}" for ring in rings if ring[:1] != ring[-1:]]


def _missing_partners(message: Element) -> list[str]:
    """Elements that another element's value asks for."""
    scope, kind = message.findtext(f"{CAP}scope"), message.findtext(f"{CAP}msgType")
    needed = {
        "restriction": scope == "Restricted",
        "addresses": scope == "Private",
        "references": kind in _REFERRING,
        "note": message.findtext(f"{CAP}status") == "Exercise",
    }
    return [f"{name} is missing" for name, asked in needed.items() if asked and message.find(f"{CAP}{name}") is None]
