"""What a site decides about the users of its broker."""

from __future__ import annotations

from alerts.cases.canary import CANARY_DEVICE
from app.config.mqtt_settings import MqttSettings
from ingest.routing.broker_clients import ClientRules


def client_rules(settings: MqttSettings, service_user: str | None = None) -> ClientRules:
    """The site's rules. The device of the self-test is the service's own."""
    return ClientRules(
        service=service_user or settings.service_user,
        service_publish=(f"fengshao/v1/{CANARY_DEVICE}/up",),
        ignored=frozenset({CANARY_DEVICE}),
        bridges=settings.bridges,
        discovery=settings.device_discovery,
        exercise=settings.exercise_user,
    )
