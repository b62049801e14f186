"""An installation without a network: our wheel is complete, and the installer takes only what it can verify."""

from __future__ import annotations

import hashlib
import platform
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
INSTALL = ROOT / "deploy" / "install"
HERE = f"{sys.version_info[0]}.{sys.version_info[1]} {platform.machine()}"


@pytest.fixture
def wheelhouse(tmp_path: Path) -> Path:
    """A folder as `make wheelhouse` writes it, with an empty lock and a small wheel in place of ours."""
    folder = tmp_path / "airgapped"
    (folder / "wheels").mkdir(parents=True)
    shutil.copytree(INSTALL, folder / "deploy" / "install")
    (folder / "requirements.lock").write_text("")
    (folder / "PYTHON").write_text(HERE + "\n")
    info = "fengshao-0.1.0.dist-info"
    with zipfile.ZipFile(folder / "wheels" / "fengshao-0.1.0-py3-none-any.whl", "w") as wheel:
        wheel.writestr("fengshao_trial.py", "def main() -> None:\n    print('installed')\n")
        wheel.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\nName: fengshao\nVersion: 0.1.0\n")
        wheel.writestr(
            f"{info}/WHEEL", "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        wheel.writestr(f"{info}/entry_points.txt", "[console_scripts]\nfengshao = fengshao_trial:main\n")
        wheel.writestr(f"{info}/RECORD", "")
    shutil.copy(INSTALL / "offline", folder / "install")
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    sums = [f"{hashlib.sha256(path.read_bytes()).hexdigest()}  ./{path.relative_to(folder)}" for path in files]
    (folder / "SHA256SUMS").write_text("\n".join(sums) + "\n")
    return folder


def install(folder: Path, target: Path) -> subprocess.CompletedProcess[str]:
    environ = {
        "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
        "PIP_CONFIG_FILE": "/dev/null",
        "PIP_INDEX_URL": "http://127.0.0.1:1/",
    }
    return subprocess.run([folder / "install", target, sys.executable], env=environ, capture_output=True, text=True)


def test_the_installer_makes_a_working_environment_without_an_index(wheelhouse: Path, tmp_path: Path) -> None:
    done = install(wheelhouse, tmp_path / "target")
    assert done.returncode == 0, done.stderr
    program = tmp_path / "target" / ".venv" / "bin" / "fengshao"
    assert subprocess.run([program], capture_output=True, text=True).stdout == "installed\n"
    assert (tmp_path / "target" / "deploy" / "install" / "offline").exists()


def test_a_file_that_was_changed_on_the_way_is_not_installed(wheelhouse: Path, tmp_path: Path) -> None:
    with (wheelhouse / "requirements.lock").open("a") as lock:
        lock.write("evil==1.0\n")
    done = install(wheelhouse, tmp_path / "target")
    assert done.returncode != 0
    assert "requirements.lock: FAILED" in done.stdout + done.stderr
    assert not (tmp_path / "target").exists()


def test_another_python_is_refused_with_the_one_that_is_needed(wheelhouse: Path, tmp_path: Path) -> None:
    (wheelhouse / "PYTHON").write_text("3.99 riscv64\n")
    done = install(wheelhouse, tmp_path / "target")
    assert done.returncode == 1
    assert f"These wheels are for Python 3.99 riscv64, {sys.executable} is {HERE}" in done.stderr
    assert not (tmp_path / "target").exists()


def test_our_wheel_has_every_file_that_the_service_reads(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--disable-pip-version-check", "--no-deps"]
    command += ["--no-build-isolation", "--wheel-dir", str(tmp_path), str(ROOT)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    (wheel,) = tmp_path.glob("fengshao-*.whl")
    packed = set(zipfile.ZipFile(wheel).namelist())
    packages = ("domain", "ingest", "rules", "alerts", "store", "console", "simulators", "app")
    ours = subprocess.run(
        ["git", "-C", str(ROOT), "ls-files", *packages, "deploy/site.demo"], capture_output=True, text=True
    )
    wanted = {name for name in ours.stdout.splitlines() if not name.startswith("console/web/")}
    assert len(wanted) > 500
    assert wanted - packed == set()
    assert "console/dist/index.html" in packed
    assert not [name for name in packed if name.startswith(("console/web/", "tests/")) or "__pycache__" in name]
