"""Every value that is shown has its Chinese text."""

from __future__ import annotations

from typing import get_args

from alerts.exchange.incoming import FaultCode
from alerts.exchange.mapping import CaseField
from alerts.message import DeliveryState
from console import messages_zh
from console.security.auth import AccessRole
from domain import Severity
from rules.lifecycle.transitions import Phase


def test_every_state_phase_severity_and_role_has_its_chinese() -> None:
    assert set(DeliveryState) == set(messages_zh.DELIVERY_STATES)
    assert set(Phase) == set(messages_zh.RULE_PHASES)
    assert set(Severity) == set(messages_zh.SEVERITIES)
    assert set(AccessRole) == set(messages_zh.ROLES)
    assert set(FaultCode) == set(messages_zh.MAPPING_FAULTS)
    assert {*get_args(CaseField), "at"} == set(messages_zh.MAPPED_FIELDS)
