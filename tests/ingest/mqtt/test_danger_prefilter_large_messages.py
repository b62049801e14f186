"""Large messages stay out of the urgent lane."""

from __future__ import annotations

import json

from app.config.catalog import load_kinds, load_mappings
from ingest.decoding.decoder import Decoder
from ingest.frame import Frame
from ingest.mqtt.danger_prefilter import DangerPrefilter

START = 1_795_269_600_000
KINDS = load_kinds()
MAPPINGS = load_mappings(KINDS)


def frame(topic: str, payload: object) -> Frame:
    return Frame(topic, json.dumps(payload).encode(), START, "bulk", 1)


def test_a_large_message_is_no_call_for_the_urgent_lane() -> None:
    prefilter = DangerPrefilter(KINDS, MAPPINGS, Decoder(KINDS, MAPPINGS).has_danger)
    large = frame("fengshao/v1/gas/up", [{"alarm": True, "note": "x" * 70_000}])
    small = frame("fengshao/v1/gas/up", {"alarm": True})
    assert [small] == prefilter([large, small])
