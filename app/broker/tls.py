"""TLS towards a broker by settings: the context to connect with, and what is wrong with the files, by name.

cryptography is imported where files are read: a service without TLS does not load its 9 MiB, one with TLS reads its
files when it starts.
"""

from __future__ import annotations

import ssl
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from msgspec import Struct

from app.config.mqtt_settings import MqttListenerSettings, MqttSettings, MqttTlsSettings
from app.errors import UserError
from domain import DAY, Instant

if TYPE_CHECKING:
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes

EXPIRY_WARNING_MS: Final = 30 * DAY
"""A month to order, install and distribute a certificate; authorities themselves remind 30 days before (ACME clients
renew then)."""


class InvalidCertificate(UserError):
    """A file of the TLS settings cannot be used; the message names the setting, the file and what to do."""


class _NamedContext(ssl.SSLContext):
    """Verifies the server by another name than the one it is reached by: of asyncio and of paho-mqtt, which set it."""

    server_name: str = ""

    def wrap_socket(self, *arguments: Any, **options: Any) -> ssl.SSLSocket:
        return super().wrap_socket(*arguments, **self._named(options))

    def wrap_bio(self, *arguments: Any, **options: Any) -> ssl.SSLObject:
        return super().wrap_bio(*arguments, **self._named(options))

    def _named(self, options: dict[str, Any]) -> dict[str, Any]:
        return {**options, "server_hostname": self.server_name} if self.server_name else options


class CertificateFile(Struct, frozen=True):
    """A certificate of the settings: where it stands, and until when it is valid."""

    setting: str
    path: Path
    name: str
    expires_at: Instant


def client_context(settings: MqttTlsSettings, folder: Path) -> ssl.SSLContext:
    """The context for `mqtts://`: verifies the broker, and shows our certificate where there is one.

    Raises InvalidCertificate.
    """
    context = _NamedContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.server_name = settings.server_name
    if settings.ca_file:
        path = _path(folder, settings.ca_file)
        _load_certificates("mqtt.tls.ca_file", path)
        context.load_verify_locations(cafile=path)
    else:
        context.load_default_certs()
    if settings.certificate_file:
        certificate, key = _path(folder, settings.certificate_file), _path(folder, settings.key_file)
        check_pair("mqtt.tls", certificate, key)
        context.load_cert_chain(certificate, key)
    return context


def certificate_user(certificate: Path) -> str:
    """The common name of a certificate, by which a broker knows its owner. Raises InvalidCertificate."""
    from cryptography.x509.oid import NameOID

    subject = _load_certificates("mqtt.tls.certificate_file", certificate)[0].subject
    names = subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(names[0].value) if names else ""


def check_pair(setting: str, certificate: Path, key: Path) -> None:
    """Raises InvalidCertificate unless both files can be read and belong together."""
    public = _load_certificates(f"{setting}.certificate_file", certificate)[0].public_key()
    if _public_bytes(_load_public_key(f"{setting}.key_file", key)) != _public_bytes(public):
        raise InvalidCertificate(
            f"{setting}.key_file {key}: is not the key of {certificate}: name the key that its request was made with"
        )


def check_listener(settings: MqttListenerSettings, folder: Path) -> None:
    """Raises InvalidCertificate for a file that a broker could not use."""
    if settings.certificate_file:
        check_pair("mqtt.listener", _path(folder, settings.certificate_file), _path(folder, settings.key_file))
    if settings.client_ca_file:
        _load_certificates("mqtt.listener.client_ca_file", _path(folder, settings.client_ca_file))
    if settings.crl_file:
        from cryptography import x509

        path = _path(folder, settings.crl_file)
        try:
            x509.load_pem_x509_crl(_read("mqtt.listener.crl_file", path))
        except ValueError as error:
            raise InvalidCertificate(
                f"mqtt.listener.crl_file {path}: is no list of revoked certificates in PEM: "
                "write it with `fengshao broker certificates --revoke`"
            ) from error


def _named_files(settings: MqttSettings, folder: Path) -> list[tuple[str, Path]]:
    named = (
        ("mqtt.tls.ca_file", settings.tls.ca_file),
        ("mqtt.tls.certificate_file", settings.tls.certificate_file),
        ("mqtt.listener.certificate_file", settings.listener.certificate_file),
        ("mqtt.listener.client_ca_file", settings.listener.client_ca_file),
    )
    return [(setting, _path(folder, file)) for setting, file in named if file]


def certificate_files(settings: MqttSettings, folder: Path) -> list[CertificateFile]:
    """Every certificate of the settings. Raises InvalidCertificate."""
    return [
        _described(setting, path, one)
        for setting, path in _named_files(settings, folder)
        for one in _load_certificates(setting, path)
    ]


def certificate_faults(settings: MqttSettings, folder: Path, now: Instant) -> list[str]:
    """One sentence for each file of the settings that cannot be read, has expired or expires soon."""
    faults = list[str]()
    for setting, path in _named_files(settings, folder):
        try:
            found = [_described(setting, path, one) for one in _load_certificates(setting, path)]
        except InvalidCertificate as error:
            faults.append(str(error))
        else:
            faults += expiry_faults(found, now)
    return faults


def expiry_faults(files: Sequence[CertificateFile], now: Instant) -> Iterator[str]:
    """One sentence for each certificate that has expired or expires within EXPIRY_WARNING_MS."""
    for file in files:
        days = (file.expires_at - now) // DAY
        if file.expires_at <= now:
            yield f"{file.setting} {file.path} ({file.name}): expired {-days} days ago; replace it"
        elif file.expires_at - now <= EXPIRY_WARNING_MS:
            yield f"{file.setting} {file.path} ({file.name}): expires in {days} days; renew it"


def _described(setting: str, path: Path, certificate: x509.Certificate) -> CertificateFile:
    expires_at = Instant(certificate.not_valid_after_utc.timestamp() * 1000)
    return CertificateFile(setting, path, certificate.subject.rfc4514_string(), expires_at)


def _path(folder: Path, file: str) -> Path:
    return folder / Path(file).expanduser()


def _read(setting: str, path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise InvalidCertificate(f"{setting} {path}: cannot be read: {error.strerror}") from error


def _load_certificates(setting: str, path: Path) -> list[x509.Certificate]:
    from cryptography import x509

    try:
        return x509.load_pem_x509_certificates(_read(setting, path))
    except ValueError as error:
        raise InvalidCertificate(
            f"{setting} {path}: contains no certificate in PEM (-----BEGIN CERTIFICATE-----); "
            "convert it with `openssl x509 -inform der -in FILE -out FILE.pem`"
        ) from error


def _load_public_key(setting: str, path: Path) -> CertificatePublicKeyTypes:
    from cryptography.hazmat.primitives import serialization

    try:
        key = serialization.load_pem_private_key(_read(setting, path), password=None)
    except TypeError as error:
        raise InvalidCertificate(
            f"{setting} {path}: is encrypted: a service cannot type its password; remove it with `openssl pkey`"
        ) from error
    except ValueError as error:
        raise InvalidCertificate(f"{setting} {path}: contains no private key in PEM") from error
    return key.public_key()  # type: ignore[return-value]  # DH keys sign no certificates


def _public_bytes(key: CertificatePublicKeyTypes) -> bytes:
    from cryptography.hazmat.primitives import serialization

    return key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
