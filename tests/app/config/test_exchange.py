"""The exchange in site.yaml: mappings of the site before built-in ones, and faults with their place."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import ValidationError

from alerts.alert import State
from alerts.channels.cloudevents import decode
from alerts.exchange.care import FIELDS
from alerts.exchange.case_events import CASE_TYPES, case_data
from alerts.exchange.incoming import read_case, read_state
from alerts.exchange.mapping import IncomingAction
from alerts.exchange.messages import AlertChange
from app.config.exchange import BUILT_IN, ExchangeSettings, load_exchange, place_faults
from app.config.faults import ConfigError
from console.schemas.exchange import FetchedMessage
from domain import Severity
from domain.people import community
from tests.alerts.exchange.builders import an_alert


def settings(**systems: Any) -> ExchangeSettings:
    return ExchangeSettings.model_validate({"systems": systems})


def test_a_mapping_of_the_site_replaces_the_built_in_one(tmp_path: Path) -> None:
    (tmp_path / "exchange").mkdir()
    own = tmp_path / "exchange" / "hotline12345.yaml"
    own.write_text((BUILT_IN / "hotline12345.yaml").read_text("utf-8").replace("12345热线", "本市热线"), "utf-8")
    chosen = settings(hotline={"mapping": "hotline12345"}, city={"mapping": "cjt545"})

    assert load_exchange(chosen, tmp_path)["hotline"].title.zh == "本市热线"
    assert load_exchange(chosen, None)["hotline"].title.zh == "12345热线"
    shutil.rmtree(tmp_path / "exchange")
    assert set(load_exchange(chosen, tmp_path)) == {"hotline", "city"}


def test_every_fault_of_every_system_is_named(tmp_path: Path) -> None:
    (tmp_path / "exchange").mkdir()
    (tmp_path / "exchange" / "ours.yaml").write_text("title: {zh: 甲, en: a}\nsource: x\n", "utf-8")
    wrong = settings(
        care={"mapping": "cjt545"},
        a={"mapping": "hotline1234"},
        b={"mapping": "cjt545", "url": "https://x.cn"},
        c={"mapping": "ours"},
    )
    with pytest.raises(ConfigError) as caught:
        load_exchange(wrong, tmp_path)
    text = str(caught.value)

    assert "exchange.systems.care: is reserved for the care platform" in text
    assert "exchange.systems.a.mapping: 'hotline1234' is unknown" in text
    assert "did you mean hotline12345" in text
    assert "exchange.systems.b.secret_env: name the variable" in text
    assert "ours.yaml:1:1: case" in text


def test_a_fault_names_the_line_of_site_yaml(tmp_path: Path) -> None:
    text = "name: 枫树\nexchange:\n  systems:\n    hotline:\n      mapping: hotline1234\n"
    (tmp_path / "site.yaml").write_text(text, "utf-8")
    with pytest.raises(ConfigError) as caught:
        load_exchange(settings(hotline={"mapping": "hotline1234"}), tmp_path)

    (fault,) = caught.value.faults
    assert (fault.line, fault.column, fault.field) == (5, 7, "exchange.systems.hotline.mapping")


def test_a_place_that_is_not_registered_is_named(tmp_path: Path) -> None:
    subscriber = {"url": "https://x", "secret_env": "S", "places": ["garden", "gardn"]}
    chosen = ExchangeSettings.model_validate({"subscribers": {"b": subscriber}})
    (fault,) = place_faults(chosen, ["garden", "street"], tmp_path)

    assert (fault.field, "gardn" in fault.message) == ("exchange.subscribers.b.places", True)


def examples(language: str) -> list[str]:
    """The blocks of this language in docs/exchange.md."""
    text = (Path(__file__).resolve().parents[3] / "docs" / "exchange.md").read_text("utf-8")
    return re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)


def test_the_documented_settings_and_messages_are_those_of_the_code() -> None:
    documented = ExchangeSettings.model_validate(yaml.safe_load(examples("yaml")[0])["exchange"])
    mapping = load_exchange(documented, None)["hotline"]
    pushed, changed, report, fetched, event, care = (json.loads(text) for text in examples("json"))

    assert set(documented.systems) == {"hotline", "city"}
    assert read_case(mapping, pushed).severity is Severity.CRITICAL
    assert read_state(mapping, changed).action is IncomingAction.REOPEN
    assert tuple(report) == tuple(mapping.report.fields)
    (message,) = fetched["items"]
    assert tuple(message) == FetchedMessage.__struct_fields__
    assert tuple(message["body"]) == tuple(load_exchange(documented, None)["city"].report.fields)
    assert decode(json.dumps(event).encode()).type == CASE_TYPES[State.ACKNOWLEDGED]
    alert = an_alert(state=State.ACKNOWLEDGED)
    assert tuple(event["data"]) == tuple(case_data(AlertChange(alert, alert), community()))
    assert tuple(care) == FIELDS


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"subscribers": {"b": {"url": "ftp://x", "secret_env": "S"}}}, "is no URL"),
        ({"subscribers": {"b": {"url": "https://x y", "secret_env": "S"}}}, "is no URL"),
        ({"subscribers": {"b": {"url": "https://x", "secret_env": ""}}}, "at least 1 character"),
        ({"subscribers": {"B!": {"url": "https://x", "secret_env": "S"}}}, "pattern"),
        ({"subscribers": {"b": {"url": "https://x", "secret_env": "S", "topics": ["gossip"]}}}, "gossip"),
        ({"networks": ["here"]}, "is no network"),
        ({"source": "有 空格"}, "pattern"),
    ],
)
def test_a_setting_that_cannot_be_is_refused(data: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        ExchangeSettings.model_validate(data)
