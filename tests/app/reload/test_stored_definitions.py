"""Definitions stored with a state, and which are used at a start."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from msgspec.structs import replace

from app.reload.definitions import Definitions, load_definitions
from app.reload.stored_definitions import decode_definitions, definitions_at_start, encode_definitions


@pytest.fixture(scope="module")
def built_in() -> Definitions:
    definitions, faults = load_definitions(Definitions(), None)
    assert faults == []
    return definitions


@pytest.fixture
def faulty_site(tmp_path: Path) -> Path:
    folder = tmp_path / "rules"
    folder.mkdir()
    (folder / "gas.yaml").write_text("hazard: gas\nversion: soon\nrules: []\n", "utf-8")
    return tmp_path


def test_stored_definitions_are_the_same_after_json(built_in: Definitions) -> None:
    encoded = msgspec.json.decode(msgspec.json.encode(encode_definitions(built_in)))
    assert decode_definitions(encoded) == built_in


@pytest.mark.parametrize("encoded", [{}, {"common": {}}, [], {"common": {}, "kinds": 7, "mappings": {}, "books": {}}])
def test_definitions_that_this_version_cannot_read_are_none(encoded: object) -> None:
    assert decode_definitions(encoded) is None


def test_a_state_is_continued_by_its_own_rulebooks_although_the_file_has_faults_now(
    built_in: Definitions, faulty_site: Path
) -> None:
    gas = built_in.books_by_file["gas.yaml"].model_copy(update={"version": 99})
    definitions, faults = definitions_at_start(encode_definitions(built_in), [gas], faulty_site)
    assert definitions.books_by_file == {"gas.yaml": gas}
    assert faults == []

    definitions, faults = definitions_at_start(None, [gas], faulty_site)
    assert definitions.books_by_file == {"gas.yaml": gas}
    assert {fault.field for fault in faults} == {"version", "rules"}


def test_a_rulebook_whose_file_is_gone_is_named_by_its_hazard(built_in: Definitions) -> None:
    tunnel = built_in.books_by_file["gas.yaml"].model_copy(update={"hazard": "tunnel"})
    definitions, _ = definitions_at_start(encode_definitions(built_in), [tunnel], None)
    assert list(definitions.books_by_file) == ["tunnel.yaml"]


def test_a_first_start_with_a_faulty_file_uses_the_built_in_one(built_in: Definitions, faulty_site: Path) -> None:
    definitions, faults = definitions_at_start(None, [], faulty_site)
    assert definitions == built_in
    assert {fault.field for fault in faults} == {"version", "rules"}


def test_every_rulebook_of_a_state_is_kept_also_where_several_are_of_one_hazard(built_in: Definitions) -> None:
    """Wristbands and homes are both about persons: a restarted service evaluated no SOS button until it had read its
    files again, and so not those of the messages that had waited."""
    hazards = [book.hazard for book in built_in.books]
    assert len(set(hazards)) < len(hazards)
    definitions, _ = definitions_at_start(encode_definitions(built_in), built_in.books, None)
    assert definitions.books_by_file == built_in.books_by_file

    definitions, _ = definitions_at_start(None, list(reversed(built_in.books)), None)
    assert definitions.books_by_file == built_in.books_by_file


def test_rulebooks_of_one_hazard_without_files_have_names_of_their_own(built_in: Definitions) -> None:
    tunnels = [
        built_in.books_by_file[name].model_copy(update={"hazard": "tunnel"}) for name in ("gas.yaml", "fire.yaml")
    ]
    definitions, _ = definitions_at_start(encode_definitions(built_in), tunnels, None)
    assert definitions.books_by_file == {"tunnel.yaml": tunnels[0], "tunnel-2.yaml": tunnels[1]}


def test_a_site_whose_disk_is_not_mounted_takes_no_rule_out_of_force(built_in: Definitions, tmp_path: Path) -> None:
    """The folder of the mount is there and empty: that was read as the removal of every rulebook of the site, and its
    alarms ended without a word to maintenance."""
    own = replace(built_in, books_by_file={**built_in.books_by_file, "tunnel.yaml": built_in.books_by_file["gas.yaml"]})
    for site in (tmp_path, tmp_path / "gone"):
        kept, faults = load_definitions(own, site)
        assert kept == own
        assert [(fault.file, "missing or empty" in fault.message) for fault in faults] == [(str(site), True)]


def test_a_site_that_may_not_be_read_does_not_stop_a_start(built_in: Definitions, tmp_path: Path) -> None:
    (tmp_path / "site").write_text("no folder", "utf-8")
    definitions, faults = definitions_at_start(None, [], tmp_path / "site")
    assert definitions == built_in
    assert [fault.message for fault in faults] == ["the site's folder cannot be read: Not a directory"]
