"""A site's own wording of an earlier version: the service starts, and what it lacks is named."""

from __future__ import annotations

import copy
from typing import Any

import pytest
import yaml

from alerts.messages.catalog import TextCatalog
from alerts.messages.site_texts import completed, missing_texts
from tests.alerts.conftest import ALERTS_FOLDER


@pytest.fixture(scope="module")
def built_in() -> dict[str, Any]:
    return dict(yaml.safe_load((ALERTS_FOLDER / "messages" / "wording.zh.yaml").read_text("utf-8")))


@pytest.mark.parametrize("part", ["channels", "severities", "escalations", "escalations_brief", "problems"])
def test_a_missing_text_is_built_in_and_named(built_in: dict[str, Any], part: str) -> None:
    own = copy.deepcopy(built_in)
    name = next(iter(own[part]))
    text = own[part].pop(name)
    assert TextCatalog(**completed(own, built_in)) == TextCatalog(**built_in)
    (fault,) = missing_texts(own, built_in)
    assert fault.where == (part, name)
    assert f"write `{name}: {text}`" in fault.message


def test_own_texts_stay(built_in: dict[str, Any]) -> None:
    own = {**built_in, "nowhere": "地址不明", "why": {**built_in["why"], "same_device": "同一台"}}
    texts = completed(own, built_in)
    assert (texts["nowhere"], texts["why"]["same_device"]) == ("地址不明", "同一台")
    assert missing_texts(own, built_in) == []


def test_a_part_that_an_earlier_version_did_not_have_is_built_in(built_in: dict[str, Any]) -> None:
    own = {name: part for name, part in built_in.items() if name != "dispositions"}
    assert completed(own, built_in)["dispositions"] == built_in["dispositions"]
    assert [fault.where for fault in missing_texts(own, built_in)] == [("dispositions",)]


def test_a_kind_of_message_without_a_template_has_the_built_in_one(built_in: dict[str, Any]) -> None:
    own = {**built_in, "sms": [one for one in built_in["sms"] if one["kind"] != "verify"]}
    kinds = {template.kind.value for template in TextCatalog(**completed(own, built_in)).sms}
    assert "verify" in kinds
    assert all("must be filed with the provider" in fault.message for fault in missing_texts(own, built_in))


def test_a_severity_without_a_template_has_the_built_in_one_and_the_others_keep_theirs(
    built_in: dict[str, Any],
) -> None:
    own_template = {
        "name": "site",
        "kind": "verify",
        "hazard": "*",
        "text": "请核查：${title}",
        "codes": {"critical": "SMS_1"},
    }
    own = {**built_in, "sms": [*(one for one in built_in["sms"] if one["kind"] != "verify"), own_template]}
    added = [one for one in completed(own, built_in)["sms"] if one["kind"] == "verify" and one["name"] != "site"]
    assert added
    assert all("critical" not in one["codes"] for one in added)


def test_a_file_of_another_shape_is_left_to_the_validation(built_in: dict[str, Any]) -> None:
    assert completed([1], built_in) == [1]
    assert missing_texts([1], built_in) == missing_texts(None, built_in) == []
    assert missing_texts({**built_in, "sms": "x"}, built_in) == []
    assert completed({"sms": "x", "why": 1}, built_in)["sms"] == "x"
    odd = {**built_in, "sms": [1, {"kind": "verify"}]}
    assert completed(odd, built_in)["sms"][:2] == [1, {"kind": "verify"}]
