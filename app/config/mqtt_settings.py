"""Settings of the MQTT broker: how TLS is verified, how a broker that `up` starts listens, who may connect to it."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from ingest.routing.topic_access import ACCESS

UserName = Annotated[str, Field(pattern=r"^[0-9A-Za-z_.-]{1,64}$")]


def _check_platform(name: str) -> str:
    if name not in ACCESS:
        raise ValueError(f"{name!r} is no platform: write one of {', '.join(sorted(ACCESS))}")
    return name


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class MqttTlsSettings(_Strict):
    """How the service connects with `mqtts://`. Files are PEM; a path is relative to the site's folder."""

    ca_file: str = ""
    """The authority of the broker's certificate. Default: those of the system."""
    certificate_file: str = ""
    """Our client certificate, for a broker that asks for one."""
    key_file: str = ""
    """The private key of `certificate_file`, without a password."""
    server_name: str = ""
    """The name in the broker's certificate, where it is not that of the address."""

    @model_validator(mode="after")
    def _both_or_neither(self) -> Self:
        if bool(self.certificate_file) != bool(self.key_file):
            raise ValueError("certificate_file and key_file belong together: write both or neither")
        return self


class MqttListenerSettings(_Strict):
    """TLS of the broker that `up` starts. With `client_ca_file` devices identify themselves by certificates of that
    authority, whose common name is the device's id, and no password is asked for."""

    certificate_file: str = ""
    """The broker's certificate. Default: no TLS."""
    key_file: str = ""
    """The private key of `certificate_file`, without a password."""
    client_ca_file: str = ""
    """The authority of the devices' certificates; who shows none of it is refused."""
    crl_file: str = ""
    """Revoked certificates, as `fengshao broker certificates --revoke` writes them."""

    @model_validator(mode="after")
    def _both_or_neither(self) -> Self:
        if bool(self.certificate_file) != bool(self.key_file):
            raise ValueError("certificate_file and key_file belong together: write both or neither")
        if self.client_ca_file and not self.certificate_file:
            raise ValueError("client_ca_file needs TLS: write certificate_file and key_file too")
        if self.crl_file and not self.client_ca_file:
            raise ValueError("crl_file revokes certificates of clients: write client_ca_file too")
        return self


class MqttSettings(_Strict):
    """The broker's users and TLS."""

    service_user: UserName = "fengshao"
    """The service's own user name in ACL files; the broker that `up` starts has the name from FENGSHAO_MQTT_USER."""
    exercise_user: UserName | Literal[""] = ""
    """The user of `fengshao simulate --username`: may publish exercises of all devices, nothing else. Default: none."""
    bridges: tuple[Annotated[str, AfterValidator(_check_platform)], ...] = ()
    """Platforms whose bridge may connect although no device of theirs is registered yet."""
    device_discovery: bool = False
    """Whether devices and bridges may publish Home Assistant discovery, which can redefine what other topics mean."""
    tls: MqttTlsSettings = MqttTlsSettings()
    """TLS towards the broker."""
    listener: MqttListenerSettings = MqttListenerSettings()
    """TLS of the broker that `up` starts."""

    @model_validator(mode="after")
    def _users_differ(self) -> Self:
        if self.exercise_user and self.exercise_user in (self.service_user, *ACCESS):
            raise ValueError(f"exercise_user {self.exercise_user!r} is the service or a bridge: write another name")
        return self
