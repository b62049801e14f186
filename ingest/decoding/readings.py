"""Raw readings of registered devices become readings: definitions applied, validated, unread verdicts reported."""

from __future__ import annotations

from collections.abc import Set

from domain import Device, Reading
from ingest.decoding.device_timezones import DeviceTimezones
from ingest.decoding.duplicates import DuplicateWindow
from ingest.decoding.fast_path import FastPath
from ingest.decoding.message import MessageContext
from ingest.decoding.plans import Plans
from ingest.decoding.refusals import RefusalBuilder
from ingest.decoding.state import DecoderState
from ingest.decoding.unmapped_fields import UnmappedFields
from ingest.decoding.validation import Outcome, validate
from ingest.discovery.resolution import DEVICE_CLASS_PLATFORM, apply_definitions
from ingest.mappings.field_values import Objection
from ingest.mappings.plan import Plan
from ingest.results import RawReading, liveness_event


class ReadingProcessor:
    """Processes the raw readings of registered devices and adds what they become to the result of their message."""

    def __init__(
        self,
        state: DecoderState,
        plans: Plans,
        timezones: DeviceTimezones,
        refusals: RefusalBuilder,
        unmapped_fields: UnmappedFields,
        fast_path: FastPath,
    ) -> None:
        self._state, self._plans, self._timezones = state, plans, timezones
        self._refusals, self._unmapped_fields, self._fast_path = refusals, unmapped_fields, fast_path

    def process(self, raw_reading: RawReading, device: Device, message: MessageContext) -> None:
        """One raw reading becomes a reading, a liveness event, refusals, or is counted as a duplicate."""
        frame, plan = message.frame, self._plans.for_reading(raw_reading, device)
        if plan is None:
            message.refused_items.add(self._refusals.for_unknown_kind(frame, raw_reading, device))
            return
        defined = raw_reading.entity_values or raw_reading.is_attributes
        if defined or self._state.discovery.definitions.has_models:
            raw_reading, objections = self.with_definitions(raw_reading, plan)
            self._refuse(objections, raw_reading, device, message)
            if not raw_reading.fields and raw_reading.raw is None:
                message.result.events.append(liveness_event(raw_reading, device.id, frame.received))
                return
        window = self._window(device, message.batch_size)
        zone = self._timezones.zone_of(device, raw_reading.platform)
        outcome = validate(raw_reading, device, plan, window, frame.received, zone)
        ended = self._state.earlier.end_understood(device, raw_reading.platform, plan, frame.received)
        message.result.unread_verdicts += ended
        if isinstance(outcome, Reading):
            self._state.earlier.self_tests.end(device.id)  # an ordinary message is none of a device under test
            message.result.readings.append(outcome)
            self._fast_path.register(frame.topic, raw_reading, device, plan, window)
        else:
            self._apply_outcome(outcome, raw_reading, plan, device, message)

    def with_definitions(self, raw_reading: RawReading, plan: Plan) -> tuple[RawReading, list[Objection]]:
        """The raw reading as its platform's definitions explain it, and objections to what they leave unread."""
        model = self._state.discovery.definitions.thing_model(
            raw_reading.platform, raw_reading.identity, raw_reading.model
        )
        classes = self._plans.for_kind(DEVICE_CLASS_PLATFORM, plan.kind) or plan
        return apply_definitions(raw_reading, plan, classes, model)

    def _window(self, device: Device, batch_size: int) -> DuplicateWindow:
        window = self._state.duplicates.get(device.id)
        if window is None:
            window = self._state.duplicates[device.id] = DuplicateWindow()
        if batch_size > 1:
            window.reserve(batch_size)
        return window

    def _apply_outcome(
        self, outcome: Outcome, raw_reading: RawReading, plan: Plan, device: Device, message: MessageContext
    ) -> None:
        result, received = message.result, message.frame.received
        if outcome.duplicate:
            result.duplicates += 1
            return
        reading = None if outcome.reading is None else self._state.earlier.self_tests.limit(outcome.reading, device)
        if reading is not None and reading.is_test:
            self._fast_path.remove(message.frame.topic)
        values = reading.values if reading is not None else {}
        is_test = values.get("test") is True
        self._unmapped_fields.count(outcome, raw_reading, plan, is_test)
        if outcome.unread_verdicts:
            result.unread_verdicts += self._state.earlier.unread_verdicts.report(
                device, raw_reading.platform, outcome.unread_verdicts, received
            )
        if outcome.objections:
            reported = {name for name, value in values.items() if value is True}
            self._refuse(outcome.objections, raw_reading, device, message, reported, is_test=is_test)
        if reading is not None:
            result.readings.append(reading)
        elif not outcome.objections:
            result.events.append(liveness_event(raw_reading, device.id, received))

    def _refuse(
        self,
        objections: list[Objection],
        raw_reading: RawReading,
        device: Device,
        message: MessageContext,
        reported: Set[str] = frozenset(),
        *,
        is_test: bool = False,
    ) -> None:
        """Refusals for objections that are new. No danger of a device under test, or that the reading `reported`."""
        repeats = self._state.earlier.repeats
        for objection in repeats.to_report(device.id, objections, message.frame.received):
            if is_test or objection.quantity in reported:
                objection = Objection(objection.reason, objection.detail)
            refusal = self._refusals.build(message.frame, raw_reading.platform, raw_reading.identity, objection, device)
            message.refused_items.add(refusal)
