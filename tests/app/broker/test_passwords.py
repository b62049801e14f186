"""Passwords of a broker's users: hashes that Mosquitto's own tool makes too, files that only the owner reads."""

from __future__ import annotations

import base64
import hashlib
import shutil
import stat
import subprocess
from pathlib import Path

import pytest

from app.broker.passwords import (
    InvalidPasswordFile,
    emqx_passwords,
    generate_passwords,
    hash_password,
    mosquitto_passwords,
    new_password,
    parse_hash,
    read_passwords,
)
from app.private_files import write_private

BINARY_FOLDERS = "/usr/sbin:/usr/local/sbin:/usr/local/bin:/usr/bin"


def test_a_hash_is_the_one_that_mosquitto_s_own_tool_makes(tmp_path: Path) -> None:
    """Its salts are random bytes, so the tool's hash is computed again with its salt."""
    tool = shutil.which("mosquitto_passwd", path=BINARY_FOLDERS)
    if tool is None:
        pytest.skip("mosquitto_passwd is not on this machine")
    path = tmp_path / "passwords"
    path.touch(mode=0o600)
    subprocess.run([tool, "-b", str(path), "gas-1", "枫 secret"], check=True)
    _, _, method, iterations, salt, key = path.read_text().strip().replace(":", "$").split("$", 5)
    derived = hashlib.pbkdf2_hmac("sha512", "枫 secret".encode(), base64.b64decode(salt), int(iterations))
    assert (method, base64.b64encode(derived).decode()) == ("7", key)
    assert int(iterations) == hash_password("x").iterations


def test_a_written_hash_is_read_back_and_matches_its_password_only(tmp_path: Path) -> None:
    password = new_password()
    write_private(tmp_path / "passwords", mosquitto_passwords({"gas-1": hash_password(password)}))
    read = read_passwords(tmp_path / "passwords")
    assert read["gas-1"].matches(password)
    assert not read["gas-1"].matches(password + "x")
    assert password not in (tmp_path / "passwords").read_text()
    assert stat.S_IMODE((tmp_path / "passwords").stat().st_mode) == 0o600


def test_emqx_gets_the_same_hash_with_its_salt_as_text() -> None:
    """As EMQX verifies it: PBKDF2 over password and salt as they are written."""
    value = hash_password("secret", "abcdefghijkl")
    header, row, _ = emqx_passwords({"gas-1": value}).split("\n")
    user, key, salt, superuser = row.split(",")
    assert header == "user_id,password_hash,salt,is_superuser"
    assert (user, superuser) == ("gas-1", "false")
    assert hashlib.pbkdf2_hmac("sha512", b"secret", salt.encode(), 101).hex() == key


def test_a_user_keeps_his_password_unless_it_is_renewed_and_loses_it_when_he_goes() -> None:
    first, made = generate_passwords({}, ["a", "b"])
    second, again = generate_passwords(first, ["a", "c"], renew=["a", "nobody"])
    assert set(made) == {"a", "b"}
    assert (set(second), set(again)) == ({"a", "c"}, {"a", "c"})
    assert second["a"] != first["a"]
    assert generate_passwords(second, ["a", "c"]) == (second, {})
    assert len(set(made.values()) | set(again.values())) == 4


@pytest.mark.parametrize(
    "line", ["gas-1", "gas-1:plain", "gas-1:$7$101$!!$x", "gas-1:$7$101$/////////////////////w==$AA=="]
)
def test_a_line_that_is_no_hash_is_named(tmp_path: Path, line: str) -> None:
    (tmp_path / "passwords").write_text(f"{line}\n")
    with pytest.raises(InvalidPasswordFile, match="passwords:1: not `user"):
        read_passwords(tmp_path / "passwords")


def test_without_a_file_there_are_no_passwords_and_a_failed_write_leaves_none_behind(tmp_path: Path) -> None:
    assert read_passwords(tmp_path / "none") == {}
    with pytest.raises(UnicodeEncodeError):
        write_private(tmp_path / "passwords", "\ud800")
    assert list(tmp_path.iterdir()) == []
    assert parse_hash("$6$x$y") is None
