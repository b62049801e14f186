"""Masking, cursors, secrets and the places under a place."""

from __future__ import annotations

import pytest

from alerts.message import DeliveryState
from console import messages_zh
from console.http.page_cursors import PageCursors
from console.http.problems import Problem, format_path
from console.security.auth import AccessRole
from console.security.masking import mask_name, mask_person, mask_phone
from console.views.place_tree import descendants
from domain import Place, Severity
from domain.secret import Secret
from rules.lifecycle.transitions import Phase


def test_names_and_phones_are_masked() -> None:
    assert (mask_name("王小明"), mask_name("王")) == ("王**", "王")
    assert mask_phone("19900000001") == "199****0001"
    assert mask_phone("110") == "***"
    assert mask_phone(None) is None


def test_a_workers_name_stays_and_a_residents_attributes_go() -> None:
    view = {"name": "李四", "phone": "19900000001", "wecom": "lisi", "attributes": {"age": 81}}

    worker = mask_person(view, is_resident=False)
    resident = mask_person(view, is_resident=True)

    assert worker == {"name": "李四", "phone": "199****0001", "wecom": None, "attributes": {"age": 81}}
    assert resident == {"name": "李*", "phone": "199****0001", "wecom": None, "attributes": {}}


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


def test_a_secret_does_not_show_itself() -> None:
    secret = Secret("hunter2")

    assert (repr(secret), str(secret), f"{secret}", secret.reveal()) == ("***", "***", "***", "hunter2")


def test_what_lies_under_a_place_ends_even_when_the_tree_has_a_loop() -> None:
    tree = [Place("a", "A", "street"), Place("b", "B", "compound", "a"), Place("c", "C", "building", "b")]
    loop = [Place("x", "X", "floor", "y"), Place("y", "Y", "floor", "x")]
    places = {place.id: place for place in (*tree, *loop)}

    assert descendants(places, "a") == {"a", "b", "c"}
    assert descendants(places, "x") == {"x", "y"}
    assert descendants(places, "unknown") == {"unknown"}


def test_a_path_reads_as_people_write_it() -> None:
    assert format_path((2, "identities", 0, "platform")) == "[2].identities[0].platform"
    assert format_path(()) == ""


def test_every_word_of_the_other_rooms_has_its_chinese() -> None:
    assert set(DeliveryState) == set(messages_zh.DELIVERY_STATES)
    assert set(Phase) == set(messages_zh.RULE_PHASES)
    assert set(Severity) == set(messages_zh.SEVERITIES)
    assert set(AccessRole) == set(messages_zh.ROLES)
