"""`python -m tests.support.wall_picture`: takes docs/pictures/wall.png, the wall of the demo with an open alert.

Starts `fengshao up --demo`, waits until a danger is open, and photographs the wall in Chromium at 1920 x 1080.
"""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import httpx2
from playwright.sync_api import expect, sync_playwright

from app.datadir.credentials import TOKEN_FILE

ROOT = Path(__file__).resolve().parents[2]
PICTURE = ROOT / "docs" / "pictures" / "wall.png"
HTTP = "127.0.0.1:18080"
WAIT_S = 180
MAX_BYTES = 300_000


def wait_for_danger(data: Path) -> str:
    """The admin token, once a danger is open."""
    deadline = time.monotonic() + WAIT_S
    while time.monotonic() < deadline:
        time.sleep(2)
        token_file = data / TOKEN_FILE
        if not token_file.exists():
            continue
        token = token_file.read_text().strip()
        try:
            response = httpx2.get(
                f"http://{HTTP}/api/v1/alerts?ledger=danger", headers={"authorization": f"Bearer {token}"}
            )
        except httpx2.TransportError:
            continue
        if response.status_code == 200 and response.json()["items"]:
            return token
    raise TimeoutError(f"no danger within {WAIT_S} s")


def photograph(token: str) -> None:
    """Log in, and store the wall once it shows an alert."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        context = browser.new_context(
            viewport={"width": 1920, "height": 1080}, locale="zh-CN", timezone_id="Asia/Shanghai"
        )
        page = context.new_page()
        page.goto(f"http://{HTTP}/")
        page.locator("input").first.fill(token)
        page.keyboard.press("Enter")
        expect(page.locator(".item").first).to_be_visible(timeout=20_000)
        page.wait_for_timeout(3_000)
        page.screenshot(path=PICTURE)
        browser.close()


def main() -> int:
    PICTURE.parent.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "app.cli.main", "up", "--demo", "--data", folder, "--http", HTTP]
        service = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            photograph(wait_for_danger(Path(folder)))
        finally:
            service.send_signal(signal.SIGINT)
            service.wait(60)
    size = PICTURE.stat().st_size
    print(f"{PICTURE.relative_to(ROOT)}: {size} bytes")
    return 0 if size <= MAX_BYTES else 1


if __name__ == "__main__":
    sys.exit(main())
