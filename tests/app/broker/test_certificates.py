"""The small authority: what it issues, what it revokes, and that it never overwrites itself."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from cryptography import x509

from app.broker.certificates import CertificateAuthority
from app.broker.tls import InvalidCertificate
from domain import Instant

NOW: Instant = 1_800_000_000_000


def test_a_client_s_common_name_is_its_user_and_its_key_is_private(tmp_path: Path) -> None:
    authority = CertificateAuthority(tmp_path / "ca")
    authority.create("枫树社区", NOW)
    path = authority.issue_client("gas-1", NOW)
    certificate = x509.load_pem_x509_certificate(path.read_bytes())
    assert certificate.subject.rfc4514_string() == "CN=gas-1"
    for key in (path.with_suffix(".key"), tmp_path / "ca" / "ca.key"):
        assert stat.S_IMODE(key.stat().st_mode) == 0o600


def test_a_server_has_its_names_addresses_and_this_machine(tmp_path: Path) -> None:
    authority = CertificateAuthority(tmp_path)
    authority.create("枫树社区", NOW)
    certificate = x509.load_pem_x509_certificate(
        authority.issue_server(["broker.example", "10.0.0.7"], NOW).read_bytes()
    )
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert [str(name.value) for name in names] == ["broker.example", "10.0.0.7", "localhost", "127.0.0.1"]


def test_revoking_covers_every_certificate_of_a_user_and_no_other(tmp_path: Path) -> None:
    authority = CertificateAuthority(tmp_path)
    authority.create("枫树社区", NOW)
    for user in ("gas-1", "gas-2", "gas-1"):
        authority.issue_client(user, NOW)
    assert authority.revoke("gas-1", NOW) == 2
    assert authority.revoke("gas-1", NOW) == 0
    crl = x509.load_pem_x509_crl(authority.crl_file.read_bytes())
    kept = x509.load_pem_x509_certificate(authority.client_certificate("gas-2").read_bytes())
    assert len(list(crl)) == 2
    assert crl.get_revoked_certificate_by_serial_number(kept.serial_number) is None
    assert not authority.client_certificate("gas-1").exists()


def test_an_authority_is_not_replaced_and_nothing_is_issued_without_one(tmp_path: Path) -> None:
    authority = CertificateAuthority(tmp_path)
    with pytest.raises(InvalidCertificate, match="begin with `fengshao broker certificates --create`"):
        authority.issue_client("gas-1", NOW)
    authority.create("枫树社区", NOW)
    with pytest.raises(InvalidCertificate, match="exists already"):
        authority.create("枫树社区", NOW)
    (tmp_path / "ca.key").write_text("broken")
    with pytest.raises(InvalidCertificate, match="not in PEM"):
        authority.issue_client("gas-1", NOW)
