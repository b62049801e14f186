"""The deployment files, as far as a machine can test them: a real Mosquitto with our settings, the check of systemd."""

from __future__ import annotations

import asyncio
import getpass
import re
import shutil
import ssl
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import aiomqtt
import pytest
import yaml
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.support.timeouts import LONG_TIMEOUT_S

DEPLOY = Path(__file__).parents[2] / "deploy"
BINARY_FOLDERS = "/usr/sbin:/usr/local/sbin:/usr/local/bin:/usr/bin"


def certificate(folder: Path) -> Path:
    """A certificate for 127.0.0.1, made here: no keys in the repository."""
    folder.mkdir()
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    built = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    (folder / "server.crt").write_bytes(built.public_bytes(serialization.Encoding.PEM))
    plain = serialization.NoEncryption()
    (folder / "server.key").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    )
    return folder / "server.crt"


@pytest.fixture
def secured_broker(tmp_path: Path, free_port: Callable[[], int]) -> Iterator[tuple[int, int, Path]]:
    """Mosquitto on our files, with only the paths and ports changed: (plain port, TLS port, certificate)."""
    plain, secure = free_port(), free_port()
    authority = certificate(tmp_path / "certs")
    shutil.copy(DEPLOY / "mosquitto" / "acl", tmp_path / "acl")
    (tmp_path / "conf.d").mkdir()
    (tmp_path / "passwords").touch(mode=0o600)
    for name in ("fengshao", "chirpstack", "gas-001"):
        passwd = shutil.which("mosquitto_passwd", path=BINARY_FOLDERS)
        assert passwd
        subprocess.run([passwd, "-b", tmp_path / "passwords", name, f"{name}-secret"], check=True)
    replacements = (("/etc/mosquitto", str(tmp_path)), ("/var/lib/mosquitto", str(tmp_path)))
    replacements += (("listener 1883", f"listener {plain}"), ("listener 8883", f"listener {secure}"))
    for source, target in (("mosquitto.conf", "mosquitto.conf"), ("listeners-host.conf", "conf.d/listeners.conf")):
        text = (DEPLOY / "mosquitto" / source).read_text()
        for before, after in replacements:
            text = text.replace(before, after)
        (tmp_path / target).write_text(text)
    with (tmp_path / "mosquitto.conf").open("a") as config:
        config.write(f"user {getpass.getuser()}\n")
    binary = shutil.which("mosquitto", path=BINARY_FOLDERS)
    assert binary, "mosquitto is not installed: run `make test`, which installs it"
    process = subprocess.Popen([binary, "-c", tmp_path / "mosquitto.conf"], stderr=subprocess.DEVNULL)
    yield plain, secure, authority
    process.terminate()
    process.wait(LONG_TIMEOUT_S)


async def connect_as(port: int, name: str, **config: object) -> aiomqtt.Client:
    """Connects with this user name once the broker listens."""
    async with asyncio.timeout(LONG_TIMEOUT_S):
        while True:
            client = aiomqtt.Client("localhost", port, username=name, password=f"{name}-secret", **config)  # type: ignore[arg-type]
            try:
                return await client.__aenter__()
            except aiomqtt.MqttError:
                await asyncio.sleep(0.05)


async def test_a_device_publishes_as_itself_only_and_the_service_receives_it(
    secured_broker: tuple[int, int, Path],
) -> None:
    plain, secure, authority = secured_broker
    service = await connect_as(plain, "fengshao")
    await service.subscribe([("#", 1), ("$oc/#", 1)])
    tls = aiomqtt.TLSParameters(ca_certs=str(authority), tls_version=ssl.PROTOCOL_TLS_CLIENT)
    device = await connect_as(secure, "gas-001", tls_params=tls)
    gateway = await connect_as(secure, "chirpstack", tls_params=tls)
    await device.publish("fengshao/v1/gas-002/alarm", b"forged", qos=1)
    await device.publish("application/a/device/b/event/up", b"forged", qos=1)
    await gateway.publish("fengshao/v1/gas-001/up", b"forged", qos=1)
    await device.publish("fengshao/v1/gas-001/alarm", b"true", qos=1)
    await gateway.publish("application/a/device/b/event/up", b"lora", qos=1)
    received: list[bytes] = []
    async with asyncio.timeout(LONG_TIMEOUT_S):
        while len(received) < 2:
            received.append((await anext(aiter(service.messages))).payload)  # type: ignore[arg-type]
    assert received == [b"true", b"lora"]
    for client in (device, gateway, service):
        await client.__aexit__(None, None, None)


async def test_a_connection_without_a_password_is_refused(secured_broker: tuple[int, int, Path]) -> None:
    await (await connect_as(secured_broker[0], "fengshao")).__aexit__(None, None, None)
    with pytest.raises(aiomqtt.MqttError):
        async with aiomqtt.Client("localhost", secured_broker[0]):
            pass


def test_systemd_reports_only_the_missing_installation() -> None:
    analyze = shutil.which("systemd-analyze")
    if analyze is None:
        pytest.skip("systemd is not on this machine")
    found = subprocess.run([analyze, "verify", DEPLOY / "fengshao.service"], capture_output=True, text=True)
    lines = [line for line in found.stderr.splitlines() if "is not executable: No such file" not in line]
    assert [line for line in lines if "fengshao.service" in line] == []


def test_a_faulty_rulebook_does_not_keep_the_service_down_under_systemd(tmp_path: Path) -> None:
    """`check` refuses a site that `up` starts with, so nothing before ExecStart may run it."""
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "gas.yaml").write_text("rules: [what is this]\n")
    unit = (DEPLOY / "fengshao.service").read_text()
    before = re.findall(r"^(?:ExecStartPre|ExecCondition)=[-+!]*\S*/fengshao (.*)$", unit, re.MULTILINE)
    for command in before:
        words = [str(tmp_path) if word == "/etc/fengshao/site" else word for word in command.split()]
        assert subprocess.run([sys.executable, "-m", "app.cli.main", *words]).returncode == 0, command
    assert re.search(r"^ExecStart=\S*/fengshao up ", unit, re.MULTILINE)
    assert re.search(r'^ExecReload=/bin/sh -c "kill -HUP \$MAINPID"$', unit, re.MULTILINE)


def test_mounts_of_compose_exist_and_contain_no_secret() -> None:
    compose = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
    mounts = [volume.split(":")[0] for service in compose["services"].values() for volume in service["volumes"]]
    for mount in mounts:
        given_by_the_operator = mount.startswith(("$", "./certs")) or mount in compose["volumes"]
        assert given_by_the_operator or (DEPLOY / mount).exists(), mount
    assert not re.search(r"(?i)(password|secret)\s*[:=]\s*[A-Za-z0-9]", (DEPLOY / "compose.yaml").read_text())


def test_the_image_is_made_of_the_wheelhouse_runs_without_root_and_is_checked() -> None:
    lines = (DEPLOY / "Containerfile").read_text()
    assert "source=dist/fengshao-airgapped" in lines
    assert (DEPLOY / "Containerfile.dockerignore").read_text().splitlines() == ["*", "!dist/fengshao-airgapped"]
    assert re.search(r"^USER 10001$", lines, re.MULTILINE)
    assert re.search(r"^HEALTHCHECK ", lines, re.MULTILINE)


def test_containers_have_a_root_that_is_read_only_and_no_capabilities() -> None:
    service = yaml.safe_load((DEPLOY / "compose.yaml").read_text())["services"]["fengshao"]
    assert service["read_only"]
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["tmpfs"] == ["/tmp"]
