"""The commands of an installation beyond one machine."""

from __future__ import annotations

from pathlib import Path

from click.testing import CliRunner

from app.cli.main import main
from app.config.catalog import load_active_rulebooks, load_kinds
from rules.hosts.flink.definitions import JobDefinitions


def test_the_definitions_of_a_job_are_those_of_the_site(tmp_path: Path) -> None:
    done = CliRunner().invoke(main, ["job-definitions", str(tmp_path / "definitions.json")])
    assert done.exit_code == 0, done.output
    assert JobDefinitions.read(str(tmp_path / "definitions.json")).kinds == load_kinds()


def test_former_rulebooks_stay_in_the_file(tmp_path: Path) -> None:
    """A savepoint holds states that they evaluated."""
    file = tmp_path / "definitions.json"
    kinds = dict(load_kinds())
    earlier = JobDefinitions(kinds, list(load_active_rulebooks(kinds))[:1])
    file.write_bytes(earlier.dump())
    for _ in range(2):
        done = CliRunner().invoke(main, ["job-definitions", str(file)])
        assert done.exit_code == 0, done.output
    assert "1 former" in done.output
    assert JobDefinitions.read(str(file)).former == [earlier.books]
    file.write_text("[]")
    refused = CliRunner().invoke(main, ["job-definitions", str(file)])
    assert refused.exit_code == 1
    assert "move it away" in refused.output


def test_a_worker_needs_its_own_name() -> None:
    done = CliRunner().invoke(main, ["ingest", "--shared", "g", "--kafka", "h:1", "--mqtt", "mqtt://h", "--data", "d"])
    assert (done.exit_code, "--name" in done.output) == (2, True)
