"""The command line `fengshao`. Modules of a command are imported when it runs, so that `--help` is quick."""

from __future__ import annotations

import asyncio
import gc
import os
import sys
from pathlib import Path

import click

from alerts.channel_specs import CHANNELS
from app.cli.backup_command import backup_command, restore_command, takeover_command
from app.cli.broker import broker_group
from app.cli.canary import canary_command
from app.cli.check_command import check
from app.cli.drill import drill_group
from app.cli.exchange import exchange_group
from app.cli.init import write_site_template
from app.cli.migrate import migrate_group
from app.cli.options import FILE, FOLDER, report_user_errors
from app.cli.people import people_group
from app.cli.report import report_command
from app.cli.reports import reports_group
from app.cli.rosters import rosters_group
from app.cli.scale_commands import definitions_command, history_writer_command, ingest_command
from app.cli.score_command import quality_command
from app.cli.settings import settings_group
from app.cli.simulate_command import simulate
from app.cli.site import site_group
from app.cli.town import town_group
from app.cli.user import user_group


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """枫哨 Fengshao: hears a community's safety devices, judges what they say, and gets a person to the door."""


@main.command()
@click.option("--data", type=FOLDER, help="Where everything is remembered. Default: ./data; with --demo a new one.")
@click.option(
    "--http",
    default="127.0.0.1:8080",
    show_default=True,
    envvar="FENGSHAO_HTTP",
    metavar="HOST:PORT",
    help="Screens and API. Also from FENGSHAO_HTTP.",
)
@click.option(
    "--mqtt",
    default="127.0.0.1:1883",
    show_default=True,
    envvar="FENGSHAO_MQTT",
    metavar="HOST:PORT|URL",
    help=(
        "HOST:PORT starts a local broker there; mqtt[s]://user:password@host:port uses one that runs. "
        "Put a URL with a password into FENGSHAO_MQTT: a command line can be read by everybody on the machine."
    ),
)
@click.option("--site", type=FOLDER, help="The folder `fengshao init` wrote.")
@click.option("--demo", is_flag=True, help="A simulated community, its devices and an SMS provider.")
@click.option("--findings", default="", metavar="HOST:PORT", help="Kafka, where the rules run in Flink: docs/scale.md.")
@report_user_errors
def up(data: Path | None, http: str, mqtt: str, site: Path | None, demo: bool, findings: str) -> None:
    """Start the service and run until Ctrl-C."""
    gc.disable()  # all of what is imported stays: searching it for garbage takes a sixth of the time
    from app.server.run import Options, run

    gc.enable()
    sys.exit(run(Options(data=data, http=http, mqtt=mqtt, site=site, demo=demo, findings=findings)))


@main.command()
@click.argument("folder", type=FOLDER)
@report_user_errors
def init(folder: Path) -> None:
    """Write a small, commented site into FOLDER."""
    for file in write_site_template(folder):
        click.echo(f"wrote {file}")
    click.echo(f"Next: fengshao check --site {folder}")


@main.group()
def rules() -> None:
    """Rulebooks: write, check, try them, hold them against the past."""


JSON = click.option("--json", "as_json", is_flag=True, help="One JSON object instead of sentences.")
SITE = click.option("--site", type=FOLDER, help="The site whose own rules and kinds are meant.")


@rules.command("check")
@click.argument("files", nargs=-1, type=FILE)
@SITE
@JSON
@report_user_errors
def rules_check(files: tuple[Path, ...], site: Path | None, as_json: bool) -> None:
    """Check rulebooks (default: all in force); every fault as file:line:column: field: what, and what to write."""
    from app.cli import rules as rule_commands

    sys.exit(rule_commands.check(files, site, as_json, click.echo))


@rules.command("test")
@click.argument("files", nargs=-1, type=FILE)
@SITE
@JSON
@report_user_errors
def rules_test(files: tuple[Path, ...], site: Path | None, as_json: bool) -> None:
    """Run the trials beside rulebooks (default: all in force)."""
    from app.cli import rules as rule_commands

    sys.exit(rule_commands.test(files, site, as_json, click.echo))


@main.group()
def codecs() -> None:
    """JavaScript payload codecs: try them."""


@codecs.command("test")
@click.argument("files", nargs=-1, required=True, type=FILE)
@report_user_errors
def codecs_test(files: tuple[Path, ...]) -> None:
    """Run the examples that stand beside codecs: X-codec.yaml, test_decode_X.json or X_examples.yaml."""
    from app.reload.codecs import test_files

    sys.exit(test_files(files, click.echo))


DIR = click.option(
    "--data", type=FOLDER, default=Path("data"), show_default=True, help="A DIR; a service running on it is asked."
)


@rules.command("backtest")
@click.argument("book", type=FILE)
@DIR
@click.option("--since", default="30d", show_default=True, metavar="DURATION")
@click.option("--until", metavar="RFC3339", help="Default: now.")
@click.option("--against", type=FILE, metavar="OTHER", help="Another rulebook; shows how the two differ.")
@SITE
@JSON
@report_user_errors
def rules_backtest(
    book: Path, data: Path, since: str, until: str | None, against: Path | None, site: Path | None, as_json: bool
) -> None:
    """What a rulebook would have found in the past, with the engine that judges the present."""
    from app.cli import rules as rule_commands

    rule_commands.backtest(book, data, since, until, against, site, as_json, click.echo)


@rules.command("explain")
@click.argument("rule")
@click.option("--device", required=True, help="A device, or a group such as building/b3.")
@click.option("--at", metavar="RFC3339", help="Default: now.")
@DIR
@click.option("--since", metavar="DURATION", help="How far back to judge again. Default: 7d, or what the rule needs.")
@SITE
@click.option("--english", is_flag=True, help="The reasons in English.")
@JSON
@report_user_errors
def rules_explain(
    rule: str,
    device: str,
    at: str | None,
    data: Path,
    since: str | None,
    site: Path | None,
    english: bool,
    as_json: bool,
) -> None:
    """Why a rule did, or did not, speak of a device at an instant."""
    from app.cli import rules as rule_commands

    rule_commands.explain(rule, device, at, data, since, site, as_json, english, click.echo)


@rules.command("new")
@click.argument("name")
@click.option("--folder", type=FOLDER, default=Path("."), show_default=True, help="A site's rules are SITE/rules.")
@report_user_errors
def rules_new(name: str, folder: Path) -> None:
    """Write a commented rulebook NAME.yaml and its trials."""
    from app.rule_tools.templates import write_rulebook

    for file in write_rulebook(name, folder):
        click.echo(f"wrote {file}")


@rules.command("schema")
@click.option("--trials", is_flag=True, help="The shape of trials instead.")
@report_user_errors
def rules_schema(trials: bool) -> None:
    """Print the JSON Schema of rulebooks, for editors that complete and check."""
    from app.rule_tools.templates import json_schema

    click.echo(json_schema("trials" if trials else "rulebook"))


@rules.command("manual")
@report_user_errors
def rules_manual() -> None:
    """Print the table of all built-in rules: question, source, trials, and what each refuses to judge."""
    from app.rule_tools.templates import manual

    click.echo(manual())


@main.group()
def devices() -> None:
    """The device registry."""


@devices.command("import")
@click.argument("file", type=FILE)
@click.option("--data", type=FOLDER, default=Path("data"), show_default=True)
@click.option("--site", type=FOLDER, help="The site whose own kinds the devices may have.")
@report_user_errors
def devices_import(file: Path, data: Path, site: Path | None) -> None:
    """Register the devices of a CSV or YAML file, beside a running service or without one."""
    from app.cli.devices import import_devices

    click.echo(import_devices(file, data, site))


@devices.command("doctor")
@click.option(
    "--mqtt",
    metavar="HOST:PORT|URL",
    help="The broker to listen to. Default: the running service's, else FENGSHAO_MQTT, else this machine's.",
)
@click.option(
    "--site", type=FOLDER, help="The site's folder: its filters, kinds, mappings and, without a DIR, devices."
)
@click.option("--seconds", default=60, show_default=True, type=click.IntRange(1, 3600), help="A service: 60 at most.")
@DIR
@JSON
@report_user_errors
def devices_doctor(mqtt: str | None, site: Path | None, seconds: int, data: Path, as_json: bool) -> None:
    """Listen to all that the broker lets us hear: who speaks, what is understood, and which line to add.

    Ends with 0 when all is understood, 1 when it could not listen, 3 with something to add, 4 when nobody spoke.
    """
    from app.cli.doctor import run

    sys.exit(run(data, site, mqtt, seconds, as_json, click.echo, os.environ))


@main.group()
def refusals() -> None:
    """Messages that did not become a reading."""


@refusals.command("list")
@click.option("--data", type=FOLDER, default=Path("data"), show_default=True)
@click.option("--limit", default=20, show_default=True, type=click.IntRange(1, 1000))
@click.option("--reason", help="Only this reason, such as unknown_device.")
@click.option("--site", type=FOLDER, help="The site in whose zone the times are told.")
@report_user_errors
def refusals_list(data: Path, limit: int, reason: str | None, site: Path | None) -> None:
    """The newest refusals with their reasons."""
    from app.cli.refusals import list_refusals

    for line in list_refusals(data, limit, reason, site):
        click.echo(line)


@refusals.command("replay")
@click.option("--data", type=FOLDER, default=Path("data"), show_default=True)
@click.option("--reason", help="Only this reason, such as no_mapping.")
@click.option("--source", help="Only this platform, such as zigbee2mqtt.")
@report_user_errors
def refusals_replay(data: Path, reason: str | None, source: str | None) -> None:
    """Try refused messages again, after a mapping was mended or a device registered."""
    from app.cli.refusals import replay_refusals

    click.echo(replay_refusals(data, reason, source))


@main.command("send-test-message")
@click.option("--site", type=FOLDER, required=True)
@click.option("--to", required=True, metavar="PHONE|USERID", help="A phone number, or a WeCom userid.")
@click.option("--channel", default="sms", show_default=True, type=click.Choice(CHANNELS))
@click.option("--provider", help="Name of one provider of the channel; default: the first.")
@report_user_errors
def send_test_message(site: Path, to: str, channel: str, provider: str | None) -> None:
    """Send one real message through a channel and say what the provider answered."""
    from app.cli.send_test_message import send_test

    sys.exit(asyncio.run(send_test(site, to, channel, click.echo, provider)))


main.add_command(broker_group)
main.add_command(check)
main.add_command(backup_command)
main.add_command(restore_command)
main.add_command(takeover_command)
main.add_command(exchange_group)
main.add_command(simulate)
main.add_command(quality_command)
main.add_command(settings_group)
main.add_command(site_group)
main.add_command(town_group)
main.add_command(report_command)
main.add_command(reports_group)
main.add_command(drill_group)
main.add_command(canary_command)
main.add_command(rosters_group)
main.add_command(user_group)
main.add_command(people_group)
main.add_command(migrate_group)
for command in (ingest_command, history_writer_command, definitions_command):
    main.add_command(command)

if __name__ == "__main__":
    main()
