"""A small authority for the certificates of a broker and its clients, in a folder of mode 0700.

`ca.crt` and `ca.key`; `server.crt` and `server.key`; `clients/USER.crt` and `.key`, whose common name is the user;
`issued.csv` names every certificate, `revoked.crl` those that are revoked. Keys are ECDSA P-256, the curve that every
implementation of TLS 1.2 and 1.3 should have (RFC 8446, section 9.1).
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from app.broker.tls import InvalidCertificate
from app.private_files import write_private
from domain import Instant

AUTHORITY_DAYS: Final = 3650
CERTIFICATE_DAYS: Final = 730
"""Two years: a device is visited once in that time for its battery, its calibration or its test."""
CRL_DAYS: Final = 3650
"""A list that expires makes Mosquitto refuse everybody; it is written anew at each revocation."""
LOCAL_NAMES: Final = ("localhost", "127.0.0.1")
"""In each server's certificate: a service on the same machine connects by the loopback address."""
_CLOCK_SKEW: Final = timedelta(days=1)
"""A device whose clock is slow, or has the wrong zone, accepts a new certificate."""
_COLUMNS: Final = ("serial", "user", "not_after", "revoked_at")


class CertificateAuthority:
    """Issues and revokes. `now` is the time of the call."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.certificate_file, self._key_file = folder / "ca.crt", folder / "ca.key"
        self.crl_file, self._issued_file = folder / "revoked.crl", folder / "issued.csv"

    @property
    def exists(self) -> bool:
        return self.certificate_file.exists()

    def create(self, name: str, now: Instant) -> None:
        """A new authority. Raises InvalidCertificate where there is one: what it issued would count no more."""
        if self.exists:
            raise InvalidCertificate(f"{self.certificate_file}: exists already; remove the folder to begin anew")
        key, subject = _new_key(), _subject(f"{name} MQTT CA")
        builder = _builder(subject, subject, key.public_key(), now, AUTHORITY_DAYS)
        builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        builder = builder.add_extension(_usage(signs_certificates=True), critical=True)
        self._write(self.certificate_file, self._key_file, builder.sign(key, hashes.SHA256()), key)
        self._write_crl(now)

    def issue_server(self, names: Iterable[str], now: Instant) -> Path:
        """A certificate of the broker for these host names and addresses, and for this machine itself."""
        every = list(dict.fromkeys([*names, *LOCAL_NAMES]))
        alternatives = x509.SubjectAlternativeName([_general_name(name) for name in every])
        return self._issue(every[0], "server", now, ExtendedKeyUsageOID.SERVER_AUTH, alternatives)

    def issue_client(self, user: str, now: Instant) -> Path:
        """A certificate of a device, a bridge or the service; `user` is its common name."""
        (self._folder / "clients").mkdir(exist_ok=True, mode=0o700)
        return self._issue(user, f"clients/{user}", now, ExtendedKeyUsageOID.CLIENT_AUTH)

    def client_certificate(self, user: str) -> Path:
        return self._folder / "clients" / f"{user}.crt"

    def revoke(self, user: str, now: Instant) -> int:
        """Revoke every certificate of a user; returns their number. A broker reads `revoked.crl` again on reload.

        Raises InvalidCertificate for a user who never had one: a mistyped name would leave a stolen key in use.
        """
        rows = self._issued()
        if not any(row["user"] == user for row in rows):
            raise InvalidCertificate(f"--revoke {user}: {self._issued_file} has no certificate of this user")
        revoked = [row for row in rows if row["user"] == user and not row["revoked_at"]]
        for row in revoked:
            row["revoked_at"] = _datetime(now).isoformat()
        self._write_issued(rows)
        self._write_crl(now)
        for suffix in (".crt", ".key"):
            (self._folder / "clients" / f"{user}{suffix}").unlink(missing_ok=True)
        return len(revoked)

    def _issue(
        self,
        common_name: str,
        file: str,
        now: Instant,
        purpose: x509.ObjectIdentifier,
        alternatives: x509.SubjectAlternativeName | None = None,
    ) -> Path:
        authority, signing_key = self._load()
        key = _new_key()
        builder = _builder(_subject(common_name), authority.subject, key.public_key(), now, CERTIFICATE_DAYS)
        builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        builder = builder.add_extension(_usage(signs_certificates=False), critical=True)
        builder = builder.add_extension(x509.ExtendedKeyUsage([purpose]), critical=False)
        if alternatives is not None:
            builder = builder.add_extension(alternatives, critical=False)
        certificate = builder.sign(signing_key, hashes.SHA256())
        user = common_name if purpose == ExtendedKeyUsageOID.CLIENT_AUTH else ""
        expires = certificate.not_valid_after_utc.isoformat()
        row = {"serial": f"{certificate.serial_number:x}", "user": user, "not_after": expires, "revoked_at": ""}
        # First the list: what is not in it could never be revoked.
        self._write_issued([*self._issued(), row])
        self._write(self._folder / f"{file}.crt", self._folder / f"{file}.key", certificate, key)
        return self._folder / f"{file}.crt"

    def _load(self) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
        try:
            certificate = x509.load_pem_x509_certificate(self.certificate_file.read_bytes())
            key = serialization.load_pem_private_key(self._key_file.read_bytes(), password=None)
        except FileNotFoundError as error:
            raise InvalidCertificate(
                f"{error.filename}: does not exist: begin with `fengshao broker certificates --create`"
            ) from error
        except (ValueError, TypeError) as error:
            raise InvalidCertificate(f"{self._folder}: ca.crt or ca.key is not in PEM: {error}") from error
        assert isinstance(key, ec.EllipticCurvePrivateKey)
        return certificate, key

    def _write(
        self, path: Path, key_path: Path, certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey
    ) -> None:
        plain, pem = serialization.NoEncryption(), serialization.Encoding.PEM
        write_private(key_path, key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain).decode("ascii"))
        write_private(path, certificate.public_bytes(pem).decode("ascii"))

    def _issued(self) -> list[dict[str, str]]:
        try:
            return list(csv.DictReader(io.StringIO(self._issued_file.read_text("utf-8"))))
        except FileNotFoundError:
            return []

    def _write_issued(self, rows: Iterable[dict[str, str]]) -> None:
        text = io.StringIO()
        writer = csv.DictWriter(text, _COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
        write_private(self._issued_file, text.getvalue())

    def _write_crl(self, now: Instant) -> None:
        authority, key = self._load()
        at = _datetime(now)
        builder = x509.CertificateRevocationListBuilder().issuer_name(authority.subject)
        builder = builder.last_update(at - _CLOCK_SKEW).next_update(at + timedelta(days=CRL_DAYS))
        for row in self._issued():
            if row["revoked_at"]:
                revoked = x509.RevokedCertificateBuilder().serial_number(int(row["serial"], 16))
                revoked = revoked.revocation_date(datetime.fromisoformat(row["revoked_at"]))
                builder = builder.add_revoked_certificate(revoked.build())
        crl = builder.sign(key, hashes.SHA256())
        write_private(self.crl_file, crl.public_bytes(serialization.Encoding.PEM).decode("ascii"))


def _new_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def _subject(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _datetime(now: Instant) -> datetime:
    return datetime.fromtimestamp(now // 1000, UTC)


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, now: Instant, days: int
) -> x509.CertificateBuilder:
    at = _datetime(now)
    builder = x509.CertificateBuilder().subject_name(subject).issuer_name(issuer).public_key(key)
    builder = builder.serial_number(x509.random_serial_number())
    return builder.not_valid_before(at - _CLOCK_SKEW).not_valid_after(at + timedelta(days=days))


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )


def _general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(name))
    except ValueError:
        return x509.DNSName(name)
