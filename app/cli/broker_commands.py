"""What `fengshao broker` does: reads the registry, writes ACL, passwords and certificates."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from msgspec import Struct

from app.broker.acl_files import ACL_FORMATS
from app.broker.certificates import CertificateAuthority
from app.broker.clients import client_rules
from app.broker.passwords import (
    PASSWORD_FILE,
    PasswordHash,
    emqx_passwords,
    generate_passwords,
    hash_password,
    mosquitto_passwords,
    read_passwords,
)
from app.cli.database import with_database
from app.cli.output import Print
from app.clock import Clock
from app.config.addresses import MQTT_PASSWORD, MQTT_USER
from app.config.settings import SiteSettings
from app.config.site import SiteConfig, load_site
from app.config.suggestions import missing_reference
from app.datadir.control_socket import ServiceNotRunning, request
from app.datadir.ledger_address import ADDRESS_FILE, DATABASE_FILE
from app.errors import UserError
from app.pipeline.device_gateways import assign_gateways
from app.private_files import write_private
from domain import Device, Identity
from ingest.routing.broker_clients import BrokerClients, broker_clients
from ingest.routing.routes import Routes
from store.database import registry

_DEVICES_PER_REQUEST: Final = 1_000
_NANOMQ_LINE: Final = re.compile(r'\s*("(?:[^"\\]|\\.)*")\s*:\s*("(?:[^"\\]|\\.)*")\s*')


class _Source(Struct, frozen=True):
    """The settings of a site, and the clients of its registry."""

    settings: SiteSettings
    clients: BrokerClients


def write_acl(data: Path, site: Path | None, format_name: str, out: Path | None, echo: Print, complain: Print) -> None:
    """Print the ACL, or write it into a file."""
    source = _read(data, site)
    text = ACL_FORMATS[format_name](source.clients.clients)
    if out is None:
        echo(text.rstrip("\n"))
    else:
        write_private(out, text)
        echo(f"wrote {out}: {len(source.clients.clients)} users")
    _report_omitted(source.clients, complain)


def make_passwords(
    data: Path,
    site: Path | None,
    format_name: str,
    renew: Sequence[str],
    with_service: bool,
    hashes: Path | None,
    out: Path | None,
    echo: Print,
    complain: Print,
) -> None:
    """Make the passwords that are missing or to be renewed. Raises UserError for an unknown user in `renew`."""
    source = _read(data, site)
    path = data / "broker" / PASSWORD_FILE
    known = read_passwords(path)
    users = [one.user for one in source.clients.clients if one.role != "service" or with_service or one.user in known]
    for user in renew:
        if user not in users:
            raise UserError(f"--renew: {missing_reference(user, users)}")
    kept, made = generate_passwords(_with_environment(known, users), users, renew)
    kept |= {user: value for user, value in known.items() if user in source.clients.password_owners - kept.keys()}
    text = _password_file(format_name, hashes, kept, made) if hashes is not None else ""
    # The plain passwords first: once the hashes are in force nobody can get them back.
    _hand_out(made, out, echo)
    if hashes is not None:
        write_private(hashes, text)
    write_private(path, mosquitto_passwords(kept))
    complain(f"{len(made)} new passwords, {len(kept) - len(made)} kept; hashes are in {path}")
    _report_omitted(source.clients, complain)


def _with_environment(known: Mapping[str, PasswordHash], users: Iterable[str]) -> dict[str, PasswordHash]:
    """The service's password is that of the environment, where it has one."""
    user, password = os.environ.get(MQTT_USER, ""), os.environ.get(MQTT_PASSWORD, "")
    if not (user in users and password) or (user in known and known[user].matches(password)):
        return dict(known)
    return {**known, user: hash_password(password)}


def _hand_out(made: Mapping[str, str], out: Path | None, echo: Print) -> None:
    lines = [f"{user},{password}" for user, password in made.items()]
    if out is None:
        for line in lines:
            echo(line)
    elif made:
        if out.exists():
            raise UserError(f"--out {out}: exists already, with passwords that are kept nowhere else: name a new file")
        write_private(out, "\n".join(["user,password", *lines, ""]))


def _password_file(format_name: str, path: Path, kept: Mapping[str, PasswordHash], made: Mapping[str, str]) -> str:
    if format_name == "nanomq":
        return _nanomq_passwords(path, kept, made)
    return {"mosquitto": mosquitto_passwords, "emqx": emqx_passwords}[format_name](kept)


def _nanomq_passwords(path: Path, kept: Mapping[str, PasswordHash], made: Mapping[str, str]) -> str:
    """`nanomq_pwd.conf` has passwords as they are: those of the file stay, as far as their users do.

    Raises UserError for a user whose password is in neither: only its hash is known.
    """
    lines = path.read_text("utf-8").splitlines() if path.exists() else []
    found = [_NANOMQ_LINE.fullmatch(line) for line in lines]
    before: dict[str, str] = {json.loads(line[1]): json.loads(line[2]) for line in found if line}
    passwords = {user: made.get(user, before.get(user)) for user in kept}
    lost = [user for user, password in passwords.items() if password is None]
    if lost:
        raise UserError(
            f"--hashes {path}: NanoMQ needs passwords as they are, and those of {len(lost)} users are kept as hashes "
            f"only: renew them: {' '.join(f'--renew {user}' for user in lost[:5])}"
        )
    return "".join(f"{json.dumps(user, ensure_ascii=False)}: {json.dumps(word)}\n" for user, word in passwords.items())


def manage_certificates(
    data: Path,
    site: Path | None,
    folder: Path,
    create: str | None,
    server: Sequence[str],
    client: Sequence[str],
    all_clients: bool,
    revoke: Sequence[str],
    echo: Print,
    complain: Print,
) -> None:
    """Create, revoke and issue in this order: a user named for both has a new certificate only.

    Raises InvalidCertificate, UserError for an unknown user.
    """
    authority, now = CertificateAuthority(folder), Clock()()
    if create is not None:
        authority.create(create, now)
        echo(f"wrote {authority.certificate_file}: give it to every device and to the service")
    if server:
        echo(f"wrote {authority.issue_server(server, now)}")
    for user in revoke:
        echo(f"revoked {authority.revoke(user, now)} certificates of {user}; {authority.crl_file} has them")
    for user in _certificate_users(data, site, authority, client, all_clients, complain):
        echo(f"wrote {authority.issue_client(user, now)}")


def _certificate_users(
    data: Path,
    site: Path | None,
    authority: CertificateAuthority,
    client: Sequence[str],
    all_clients: bool,
    complain: Print,
) -> list[str]:
    if not client and not all_clients:
        return []
    source = _read(data, site)
    users = [one.user for one in source.clients.clients]
    for user in client:
        if user not in users:
            raise UserError(f"--client: {missing_reference(user, users)}")
    missing = [user for user in users if not authority.client_certificate(user).exists()] if all_clients else []
    _report_omitted(source.clients, complain)
    return list(dict.fromkeys([*client, *missing]))


def _report_omitted(clients: BrokerClients, complain: Print) -> None:
    for omission in clients.omitted:
        complain(f"no access for {omission.device}: {omission.reason}")


# -- the registry -------------------------------------------------------------------------------------------------


def _read(data: Path, site: Path | None) -> _Source:
    """The clients of DIR's registry, of the service that runs on it, or without a DIR of the site's files."""
    config = load_site(site, any_kind=True)
    devices = assign_gateways(_devices(data, config))
    user = os.environ.get(MQTT_USER) or None
    clients = broker_clients(devices, Routes(config.settings.intake.filters), client_rules(config.settings.mqtt, user))
    return _Source(config.settings, clients)


def _devices(data: Path, site: SiteConfig) -> list[Device]:
    try:
        return list(_devices_of_service(data))
    except ServiceNotRunning:
        # Not whether DIR exists: the passwords of a site without a database are in it too.
        if any((data / name).exists() for name in (DATABASE_FILE, ADDRESS_FILE)):
            return list(with_database(data, registry.all_devices))
        return list(site.devices)


def _devices_of_service(data: Path) -> Iterator[Device]:
    cursor = ""
    while True:
        page: Any = request(data, "GET", f"/api/v1/devices?limit={_DEVICES_PER_REQUEST}{cursor}")
        for item in page["items"]:
            identities = tuple(Identity(one["platform"], one["id"]) for one in item["identities"])
            yield Device(item["id"], item["kind"], item["model"], item["place"], identities, item["attributes"])
        if page["next"] is None:
            return
        cursor = f"&next={page['next']}"
