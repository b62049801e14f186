"""TLS towards a broker: with the files of the settings, and what is said when one of them is wrong."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from app.broker.certificates import CERTIFICATE_DAYS, CertificateAuthority
from app.broker.tls import (
    InvalidCertificate,
    certificate_faults,
    certificate_files,
    check_listener,
    client_context,
    expiry_faults,
)
from app.config.mqtt_settings import MqttListenerSettings, MqttSettings, MqttTlsSettings
from domain import DAY, Instant
from tests.ingest.mqtt.running_consumer import now_ms

NOW: Instant = now_ms() // 1000 * 1000
"""Of the machine: OpenSSL verifies a certificate at its time."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An authority, the broker's certificate and two clients'."""
    path = tmp_path_factory.mktemp("tls")
    authority = CertificateAuthority(path)
    authority.create("枫树社区", NOW)
    authority.issue_server(["broker.example"], NOW)
    for user in ("fengshao", "gas-1"):
        authority.issue_client(user, NOW)
    (path / "text.pem").write_text("no certificate\n")
    encrypted = ec.generate_private_key(ec.SECP256R1()).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.BestAvailableEncryption(b"x")
    )
    (path / "encrypted.key").write_bytes(encrypted)
    return path


def client(certificate: str, key: str) -> MqttTlsSettings:
    return MqttTlsSettings(certificate_file=f"clients/{certificate}.crt", key_file=key)


def test_the_context_verifies_the_broker_by_the_name_of_the_settings(folder: Path) -> None:
    """The broker's certificate is for broker.example, and it is reached by another name."""
    settings = MqttTlsSettings(ca_file="ca.crt", server_name="broker.example")
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(folder / "server.crt", folder / "server.key")
    for named, is_verified in ((settings, True), (MqttTlsSettings(ca_file="ca.crt"), False)):
        assert _handshake(client_context(named, folder), server) is is_verified


def _handshake(client: ssl.SSLContext, server: ssl.SSLContext) -> bool:
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    ours = client.wrap_bio(to_client, to_server, server_hostname="10.0.0.7")
    theirs = server.wrap_bio(to_server, to_client, server_side=True)
    for _ in range(4):
        for side in (ours, theirs):
            try:
                side.do_handshake()
            except ssl.SSLWantReadError:
                continue
            except ssl.SSLError:
                return False
    return True


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (MqttTlsSettings(ca_file="none.pem"), "mqtt.tls.ca_file .*none.pem: cannot be read: No such file"),
        (MqttTlsSettings(ca_file="text.pem"), "mqtt.tls.ca_file .*text.pem: contains no certificate in PEM"),
        (client("gas-1", "clients/fengshao.key"), "fengshao.key: is not the key of .*gas-1.crt"),
        (client("gas-1", "text.pem"), "mqtt.tls.key_file .*text.pem: contains no private key in PEM"),
        (client("gas-1", "encrypted.key"), "encrypted.key: is encrypted"),
    ],
)
def test_a_wrong_file_is_named_with_what_to_do(folder: Path, settings: MqttTlsSettings, message: str) -> None:
    with pytest.raises(InvalidCertificate, match=message):
        client_context(settings, folder)


def test_our_certificate_is_shown_and_a_listener_s_files_are_checked(folder: Path) -> None:
    client_context(client("gas-1", "clients/gas-1.key"), folder)
    files = {"certificate_file": "server.crt", "key_file": "server.key", "client_ca_file": "ca.crt"}
    check_listener(MqttListenerSettings(**files, crl_file="revoked.crl"), folder)
    check_listener(MqttListenerSettings(), folder)
    with pytest.raises(InvalidCertificate, match=r"mqtt.listener.crl_file .*text.pem: is no list"):
        check_listener(MqttListenerSettings(**files, crl_file="text.pem"), folder)


def test_a_certificate_is_warned_of_a_month_before_it_expires(folder: Path) -> None:
    settings = MqttSettings(
        tls=MqttTlsSettings(ca_file="ca.crt", certificate_file="clients/gas-1.crt", key_file="clients/gas-1.key")
    )
    files = certificate_files(settings, folder)
    end = NOW + CERTIFICATE_DAYS * DAY
    assert [file.name for file in files] == ["CN=枫树社区 MQTT CA", "CN=gas-1"]
    assert list(expiry_faults(files, end - 31 * DAY)) == []
    (soon,) = expiry_faults(files, end - 10 * DAY)
    assert soon == f"mqtt.tls.certificate_file {folder / 'clients/gas-1.crt'} (CN=gas-1): expires in 10 days; renew it"
    (late,) = expiry_faults(files, end + 2 * DAY)
    assert late.endswith("expired 2 days ago; replace it")
    unreadable = MqttSettings(tls=MqttTlsSettings(ca_file="none.pem", **_own("gas-1")))
    assert [fault.split(" ")[0] for fault in certificate_faults(unreadable, folder, end - DAY)] == [
        "mqtt.tls.ca_file",
        "mqtt.tls.certificate_file",
    ]


def _own(user: str) -> dict[str, str]:
    return {"certificate_file": f"clients/{user}.crt", "key_file": f"clients/{user}.key"}


@pytest.mark.parametrize(
    ("settings", "wrong"),
    [
        ({"tls": {"certificate_file": "a"}}, "belong together"),
        ({"listener": {"key_file": "a"}}, "belong together"),
        ({"listener": {"client_ca_file": "a"}}, "client_ca_file needs TLS"),
        ({"listener": {"certificate_file": "a", "key_file": "b", "crl_file": "c"}}, "write client_ca_file too"),
        ({"bridges": ["fax"]}, "'fax' is no platform"),
    ],
)
def test_settings_that_cannot_be_meant_are_refused(settings: dict[str, object], wrong: str) -> None:
    with pytest.raises(ValueError, match=wrong):
        MqttSettings.model_validate(settings)
