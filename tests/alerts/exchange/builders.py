"""Alerts, mappings and messages for tests of the exchange."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import yaml

from alerts.alert import Alert
from alerts.exchange.mapping import SystemMapping
from alerts.exchange.messages import CaseLink, Direction, MessageState, OutgoingMessage, StoredEvent
from domain import Ledger, Severity, Subject

T0 = 1_795_269_900_000  # 2026-11-21T22:05:00+08:00
MAPPINGS = Path(__file__).resolve().parents[3] / "alerts" / "exchange" / "mappings"


@cache
def mapping(name: str = "hotline12345") -> SystemMapping:
    """A built-in mapping."""
    return SystemMapping.model_validate(yaml.safe_load((MAPPINGS / f"{name}.yaml").read_text("utf-8")))


def an_alert(**changes: Any) -> Alert:
    values: dict[str, Any] = {
        "id": 31,
        "rule": "gas-alarm",
        "title": "燃气泄漏",
        "hazard": "gas",
        "severity": Severity.CRITICAL,
        "ledger": Ledger.DANGER,
        "subject": Subject("device", "gas-402"),
        "started_at": T0,
        "opened_at": T0,
        "updated_at": T0,
        "state_since": T0,
        "danger_at": T0,
        "ladder_rule": "gas-alarm",
        "address": "枫林苑3栋402",
    }
    return Alert(**{**values, **changes})


def a_link(**changes: Any) -> CaseLink:
    values: dict[str, Any] = {
        "system": "hotline",
        "external_id": "GD-1",
        "alert": 31,
        "direction": Direction.IN,
        "digest": "d",
        "opened_at": T0,
        "updated_at": T0,
    }
    return CaseLink(**{**values, **changes})


def a_message(data: dict[str, Any] | None = None, **changes: Any) -> OutgoingMessage:
    event = StoredEvent(5, "cn.fengshao.case.opened.v1", "case:31", 31, T0, data or {})
    values: dict[str, Any] = {
        "n": 9,
        "event": event,
        "target": "board",
        "state": MessageState.PENDING,
        "attempts": 0,
        "created_at": T0,
        "not_before": T0,
    }
    return OutgoingMessage(**{**values, **changes})


class Links:
    """Links in memory."""

    def __init__(self, *links: CaseLink) -> None:
        self.saved = {(link.system, link.external_id): link for link in links}

    def link(self, system: str, external_id: str) -> CaseLink | None:
        return self.saved.get((system, external_id))

    def links_of(self, alert: int) -> list[CaseLink]:
        return [link for link in self.saved.values() if link.alert == alert]

    def photos_of(self, alert: int) -> list[int]:
        return [alert * 10 + number for number in range(12)]

    def save_link(self, link: CaseLink) -> None:
        self.saved[link.system, link.external_id] = link
