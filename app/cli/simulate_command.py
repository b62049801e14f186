"""`fengshao simulate`: what it takes on the command line."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import click

from app.cli.options import FILE, FOLDER, report_user_errors

_DATA_HELP = (
    "With --record: the journal of this data directory, not the broker. "
    "With SCENARIO: the DIR of the running service that calls staff in a drill."
)


@click.command()
@click.argument("scenario", required=False)
@click.option("--list", "list_scenarios", is_flag=True, help="Print the names of the scenarios.")
@click.option("--device", "on", multiple=True, help="With SCENARIO: on this device; may be repeated.")
@click.option("--real", is_flag=True, help="With SCENARIO: in earnest, no exercise. The service calls people!")
@click.option("--mqtt", "--broker", default="mqtt://127.0.0.1:1883", show_default=True, metavar="URL")
@click.option("--site", type=FOLDER, help="Whose devices to play; default: the demo community.")
@click.option("--seed", default=1, show_default=True)
@click.option("--speed", default=1.0, show_default=True, help="2 plays two simulated or recorded seconds a second.")
@click.option("--rate", type=click.IntRange(min=1), help="Readings a second of gas-000000 and following, no community.")
@click.option("--devices", default=5_000, show_default=True, help="With --rate: the number of devices.")
@click.option("--seconds", default=60.0, show_default=True, help="With --rate and --record: for how long.")
@click.option("--replay", type=FILE, help="Publish a recording, with its times moved to now.")
@click.option("--keep-times", is_flag=True, help="With --replay: leave times in payloads as they were.")
@click.option("--record", type=click.Path(path_type=Path, dir_okay=False), help="Record the broker into this file.")
@click.option("--data", type=FOLDER, help=_DATA_HELP)
@click.option("--username", default="", metavar="USER", help="With SCENARIO: as the broker's user of exercises.")
@click.option(
    "--password-env",
    default="FENGSHAO_EXERCISE_PASSWORD",
    show_default=True,
    metavar="NAME",
    help="The environment variable with the password of --username.",
)
@report_user_errors
def simulate(
    scenario: str | None,
    list_scenarios: bool,
    on: tuple[str, ...],
    real: bool,
    mqtt: str,
    site: Path | None,
    seed: int,
    speed: float,
    rate: int | None,
    devices: int,
    seconds: float,
    replay: Path | None,
    keep_times: bool,
    record: Path | None,
    data: Path | None,
    username: str,
    password_env: str,
) -> None:
    """Play a community's devices, one incident (SCENARIO), a set rate or a recording on a real broker until Ctrl-C.

    SCENARIO is a name of --list in English or Chinese, such as kitchen-leak or 厨房泄漏. It is an exercise: every
    message says that it is a test and notifies nobody, and what alarms is taken back after two and a half minutes. With
    --username it goes to fengshao/v1/<device>/exercise, the only topics that this user may publish (docs/brokers.md).
    """
    if list_scenarios or scenario is not None:
        from app.cli import simulate_incident as incidents

        if scenario is None:
            return incidents.print_library(click.echo)
        login = incidents.login_of(username, password_env, real=real)
        order = incidents.Order(scenario, mqtt, site, seed, speed, on, data, real, login)
        return incidents.play_scenario(order, click.echo)
    if rate is not None:
        from app.cli.load import generate

        sys.exit(generate(mqtt, rate, seconds, devices, click.echo))
    from app.cli import recordings

    if replay is not None:
        recordings.play(replay, mqtt, speed, keep_times, click.echo)
    elif record is not None and data is not None:
        recordings.record_journal(record, data, click.echo)
    elif record is not None:
        recordings.record_broker(record, mqtt, seconds, click.echo)
    else:
        from app.cli.simulate import simulate_site

        asyncio.run(simulate_site(site, mqtt, seed, speed))
