"""The HTTP door of `up`, where it cannot open."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx2
import pytest
from pydantic import ValidationError

from app.config.addresses import InvalidAddress, ListenAddress
from app.config.settings import SiteSettings
from app.datadir.control_socket import _problem_text
from app.server.http import check_port_free, serve
from tests.support.timeouts import LONG_TIMEOUT_S


def test_a_port_in_use_is_reported_before_anything_is_opened() -> None:
    with socket.create_server(("127.0.0.1", 0)) as occupied:
        port = occupied.getsockname()[1]
        with pytest.raises(InvalidAddress, match=f"--http 127.0.0.1:{port}: cannot listen there"):
            check_port_free(ListenAddress("127.0.0.1", port))


async def test_a_folder_too_deep_for_a_socket_is_named_and_not_the_port(tmp_path: Path) -> None:
    with pytest.raises(InvalidAddress, match="name a shorter folder"):
        async with serve(None, ListenAddress("127.0.0.1", 0), tmp_path / ("d" * 120), "token"):
            pass


def test_a_refused_import_names_the_fault_and_the_field() -> None:
    fault = {"field": "[0].place", "detail": "没有登记地点 nowhere。"}
    answer = httpx2.Response(422, json={"detail": "有1处内容有误。", "errors": [fault]})

    assert _problem_text(answer) == "有1处内容有误。\n  [0].place: 没有登记地点 nowhere。"


def test_ctrl_c_ends_without_reports_of_leaks(tmp_path: Path, free_port: Callable[[], int]) -> None:
    where = [f"127.0.0.1:{free_port()}" for _ in range(2)]
    command = [str(Path(sys.executable).parent / "fengshao"), "up", "--data", str(tmp_path / "d")]
    with subprocess.Popen(
        [*command, "--http", where[0], "--mqtt", where[1]], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as service:
        assert service.stdout is not None
        assert "is up" in service.stdout.readline()
        service.send_signal(signal.SIGINT)
        _, output = service.communicate(timeout=LONG_TIMEOUT_S)

    assert service.returncode == 0
    assert "leaked" not in output
    assert "Traceback" not in output


async def _seen_by(app_proxies: tuple[str, ...], data: Path, **headers: str) -> Any:
    """What the application sees of a caller on the loopback who writes these headers."""

    async def client_app(scope: Any, _receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return
        body = json.dumps([scope["client"][0], scope["scheme"]]).encode()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": body})

    with socket.create_server(("127.0.0.1", 0)) as free:
        at = ListenAddress("127.0.0.1", free.getsockname()[1])
    async with (
        serve(client_app, at, data, "token", app_proxies),
        httpx2.AsyncClient(trust_env=False, timeout=LONG_TIMEOUT_S) as client,
    ):
        return (await client.get(f"http://127.0.0.1:{at.port}/", headers=headers)).json()


FORWARDED = {"x-forwarded-for": "203.0.113.7", "x-forwarded-proto": "https", "forwarded": "for=203.0.113.8"}


async def test_a_forwarded_address_from_any_client_is_not_trusted(tmp_path: Path) -> None:
    assert await _seen_by((), tmp_path, **FORWARDED) == ["127.0.0.1", "http"]
    assert await _seen_by(("198.51.100.1",), tmp_path, **FORWARDED) == ["127.0.0.1", "http"]


async def test_a_configured_proxy_is_trusted_for_the_last_unknown_address(tmp_path: Path) -> None:
    assert await _seen_by(("127.0.0.0/8",), tmp_path, **FORWARDED) == ["203.0.113.7", "https"]
    forged = {"x-forwarded-for": "10.9.9.9, 203.0.113.7, 127.0.0.2"}
    assert await _seen_by(("127.0.0.0/8",), tmp_path, **forged) == ["203.0.113.7", "http"]


@pytest.mark.parametrize("proxy", ["*", "everybody", "0.0.0.0/0", "::/0", "10.0.0.1/8", ""])
def test_a_proxy_that_is_no_address_is_refused(proxy: str) -> None:
    with pytest.raises(ValidationError, match="trusted_proxies"):
        SiteSettings.model_validate({"http": {"trusted_proxies": [proxy]}})
