"""`fengshao ingest`, `history-writer`, `job-definitions`: an installation beyond one machine (docs/scale.md)."""

from __future__ import annotations

from pathlib import Path

import click

from app.cli.options import FOLDER, report_user_errors
from app.config.catalog import load_active_rulebooks
from app.config.site import load_site
from app.errors import UserError
from app.scale.until_stopped import run_until_stopped


@click.command("ingest")
@click.option("--shared", "group", required=True, help="Group of the MQTT shared subscription of all workers.")
@click.option("--name", required=True, help="Client id of this worker: its own, and the same after each start.")
@click.option("--kafka", required=True, metavar="HOST:PORT", help="Kafka's bootstrap servers.")
@click.option(
    "--mqtt",
    required=True,
    metavar="URL",
    envvar="FENGSHAO_MQTT",
    show_envvar=True,
    help="mqtt[s]://user:password@broker:port; one with a password by the environment variable.",
)
@click.option("--data", required=True, type=FOLDER, help="Data directory, whose ledger holds the registry.")
@click.option("--site", type=FOLDER, help="The site folder.")
@click.option("--publish-registry", is_flag=True, help="Write the registry to Kafka: one worker of all does.")
@click.option(
    "--leave", is_flag=True, help="Fetch what waits for NAME, give up its share, and end: before it is removed."
)
@report_user_errors
def ingest_command(
    group: str, name: str, kafka: str, mqtt: str, data: Path, site: Path | None, publish_registry: bool, leave: bool
) -> None:
    """Receive as one of several workers, and write to Kafka; acknowledged to the broker when Kafka has it."""
    try:
        from app.scale import worker
    except ModuleNotFoundError as error:
        raise _without_client(error) from error
    worker.run(worker.WorkerOptions(name, group, kafka, mqtt, data, site, publish_registry, leave))


@click.command("history-writer")
@click.option("--kafka", required=True, metavar="HOST:PORT", help="Kafka's bootstrap servers.")
@click.option("--data", required=True, type=FOLDER, help="Data directory, whose ledger keeps what the server refuses.")
@click.option(
    "--spool", required=True, type=FOLDER, help="A folder of this writer alone: what the server has not taken."
)
@click.option("--site", type=FOLDER, help="The site folder, whose site.yaml names the history server.")
@report_user_errors
def history_writer_command(kafka: str, data: Path, spool: Path, site: Path | None) -> None:
    """Write the readings in Kafka to the history server; several share the work."""
    try:
        from app.scale import history_writer
    except ModuleNotFoundError as error:
        raise _without_client(error) from error
    options = history_writer.HistoryWriterOptions(kafka, data, spool, site)
    run_until_stopped(lambda: history_writer.run_history_writer(options), history_writer.log)


def _without_client(error: ModuleNotFoundError) -> Exception:
    if error.name != "confluent_kafka":
        return error
    return UserError("confluent-kafka is not installed: pip install -r requirements-kafka.lock")


@click.command("job-definitions")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--site", type=FOLDER, help="The site folder.")
@report_user_errors
def definitions_command(file: Path, site: Path | None) -> None:
    """Write kinds and rulebooks into FILE, for the job in Flink.

    What FILE held before is kept in it as former rulebooks: the job goes on from a savepoint of the earlier one.
    """
    click.echo(write_definitions(file, site))


def write_definitions(file: Path, site: Path | None) -> str:
    """Writes the definitions of a site; what was written. Raises ConfigError, or UserError for a FILE that is none."""
    from rules.hosts.flink.definitions import JobDefinitions

    config = load_site(site)
    books = list(load_active_rulebooks(config.kinds, site))
    definitions = JobDefinitions(dict(config.kinds), books, str(config.settings.zone))
    if file.exists():
        try:
            definitions = definitions.after(JobDefinitions.read(str(file)))
        except (ValueError, KeyError, TypeError) as error:
            raise UserError(f"{file}: not the definitions of an earlier job: {error}; move it away") from error
    # A worker that starts meanwhile reads the whole old file or the whole new one.
    staged = file.with_name(f"{file.name}.new")
    staged.write_bytes(definitions.dump())
    staged.replace(file)
    return f"{len(books)} rulebooks, {len(config.kinds)} kinds, {len(definitions.former)} former: {file}"
