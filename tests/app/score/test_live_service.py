import subprocess
import sys
from pathlib import Path

import pytest

from app.errors import UserError
from app.score import live_service
from app.score.live_service import free_ports, new_secrets, running_service


def test_each_run_has_ports_and_secrets_of_its_own():
    ports, own = free_ports(), new_secrets()
    assert ports.http != ports.mqtt
    assert ports.url == f"http://127.0.0.1:{ports.http}"
    assert own.environ()["FENGSHAO_ADMIN_TOKEN"] != new_secrets().environ()["FENGSHAO_ADMIN_TOKEN"]


async def test_a_service_that_ends_at_its_start_is_an_error_with_the_end_of_its_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    def start(_data: Path, _site: Path, _ports: object, _own: object, log: Path) -> subprocess.Popen[bytes]:
        log.write_text("the broker cannot be started")
        ended = subprocess.Popen([sys.executable, "-S", "-c", "raise SystemExit(3)"])
        ended.wait()
        return ended

    monkeypatch.setattr(live_service, "_start", start)
    with pytest.raises(UserError, match="ended with 3: the broker cannot be started"):
        async with running_service(tmp_path, tmp_path, free_ports(), new_secrets()):
            raise AssertionError("it is not ready")
