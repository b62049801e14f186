"""The check of CAP messages refuses what the schema and the data dictionary of CAP 1.2 forbid."""

from __future__ import annotations

from hashlib import sha256

import pytest
import xmlschema

from tests.support.cap_messages import PUBLISHED, published_schema, valid_message

MESSAGE = """<?xml version="1.0" encoding="UTF-8"?>
<alert xmlns="urn:oasis:names:tc:emergency:cap:1.2">
<identifier>fengshao-1-2</identifier><sender>maple</sender><sent>2026-11-21T22:05:00+08:00</sent>
<status>Actual</status><msgType>Update</msgType><scope>Restricted</scope><restriction>r</restriction>
<references>maple,fengshao-1-1,2026-11-21T22:04:00+08:00</references>
<info><category>Safety</category><event>gas</event><urgency>Immediate</urgency><severity>Extreme</severity>
<certainty>Observed</certainty><area><areaDesc>b3</areaDesc>
<polygon>30.1,104.1 30.2,104.1 30.2,104.2 30.1,104.1</polygon></area></info></alert>"""


def test_the_schema_is_the_published_one() -> None:
    checksum = sha256(PUBLISHED.read_bytes()).hexdigest()
    assert checksum in PUBLISHED.with_name("README.md").read_text("utf-8")
    assert published_schema().target_namespace == "urn:oasis:names:tc:emergency:cap:1.2"
    assert valid_message(MESSAGE).tag.endswith("alert")


@pytest.mark.parametrize(
    ("given", "instead"),
    [
        ("<certainty>Observed</certainty>", ""),
        ("<scope>Restricted</scope>", "<scope>Secret</scope>"),
        ("+08:00</sent>", "Z</sent>"),
        ("<category>Safety</category><event>gas</event>", "<event>gas</event><category>Safety</category>"),
    ],
)
def test_the_published_schema_refuses(given: str, instead: str) -> None:
    assert given in MESSAGE
    with pytest.raises(xmlschema.XMLSchemaValidationError):
        valid_message(MESSAGE.replace(given, instead))


@pytest.mark.parametrize(
    ("given", "instead"),
    [
        ("fengshao-1-2", "fengshao 1,2"),
        ("<restriction>r</restriction>", ""),
        ("<event>gas</event>", "<event> </event>"),
        ("30.2,104.2 30.1,104.1<", "30.2,104.2 30.1,104.3<"),
        (",2026-11-21T22:04:00+08:00</references>", "</references>"),
        ("<status>Actual</status>", "<status>Exercise</status>"),
    ],
)
def test_the_data_dictionary_refuses(given: str, instead: str) -> None:
    assert given in MESSAGE
    with pytest.raises(AssertionError):
        valid_message(MESSAGE.replace(given, instead))
