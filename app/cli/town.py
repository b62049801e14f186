"""`fengshao town`: simulated towns as the folder of a site."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import click

from app.cli.options import FOLDER, report_user_errors


@click.group("town")
def town_group() -> None:
    """Simulated towns: invented places, people and devices, for trials at full size."""


@town_group.command("build")
@click.argument("preset")
@click.argument("folder", type=FOLDER)
@click.option("--seed", default=1, show_default=True, help="The same preset and seed give the same files.")
@report_user_errors
def town_build(preset: str, folder: Path, seed: int) -> None:
    """Write a town into FOLDER as the files of a site. PRESET: small, demo, community, street, district."""
    from app.config.suggestions import unknown_name
    from app.errors import UserError
    from simulators.town.population.build import build_town
    from simulators.town.population.presets import PRESETS
    from simulators.town.site_files import write_site

    if preset not in PRESETS:
        raise UserError(f"PRESET: {unknown_name(preset, PRESETS)}")
    if folder.exists() and any(folder.iterdir()):
        raise UserError(f"{folder} is not empty: name a new folder, or empty this one")
    town = build_town(preset, seed)
    for path in write_site(town, folder):
        click.echo(f"wrote {path}")
    levels = Counter(place.level for place in town.places)
    click.echo(
        f"{len(town.places)} places ({levels['community']} communities, {levels['compound']} compounds, "
        f"{levels['building']} buildings, {levels['household']} households), {len(town.people)} people, "
        f"{len(town.duties)} duties, {len(town.rotations)} rotations"
    )
    kinds = sorted(Counter(device.kind for device in town.devices).items(), key=lambda one: (-one[1], one[0]))
    click.echo(f"{len(town.devices)} devices: {', '.join(f'{count} {kind}' for kind, count in kinds)}")
    click.echo(f"Next: fengshao check --site {folder}")
