"""The HTTP door of `up`, where it cannot open."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import httpx2
import pytest

from app.control import _sentence
from app.links import Address, BadAddress
from app.serving import refuse_taken, serve


def test_a_port_in_use_is_said_before_anything_is_opened() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(BadAddress, match=f"--http 127.0.0.1:{port}: cannot listen there"):
            refuse_taken(Address("127.0.0.1", port))


async def test_a_folder_too_deep_for_a_socket_is_named_and_not_the_port(tmp_path: Path) -> None:
    with pytest.raises(BadAddress, match="name a shorter folder"):
        async with serve(None, Address("127.0.0.1", 0), tmp_path / ("d" * 120), "token"):
            pass


def test_a_refused_import_says_what_is_wrong_with_which_field() -> None:
    fault = {"field": "[0].place", "detail": "没有登记地点 nowhere。"}
    answer = httpx2.Response(422, json={"detail": "有1处内容有误。", "errors": [fault]})

    assert _sentence(answer) == "有1处内容有误。\n  [0].place: 没有登记地点 nowhere。"


def test_ctrl_c_ends_without_a_word_of_leaks(tmp_path: Path, free_port: Callable[[], int]) -> None:
    where = [f"127.0.0.1:{free_port()}" for _ in range(2)]
    command = [str(Path(sys.executable).parent / "fengshao"), "up", "--data", str(tmp_path / "d")]
    with subprocess.Popen(
        [*command, "--http", where[0], "--mqtt", where[1]], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as service:
        assert service.stdout is not None
        assert "is up" in service.stdout.readline()
        service.send_signal(signal.SIGINT)
        _, said = service.communicate(timeout=30)

    assert service.returncode == 0
    assert "leaked" not in said
    assert "Traceback" not in said
