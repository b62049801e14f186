"""`fengshao site import`: imports a site's files into the registry, through the running service or without one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from app.cli.database import with_database
from app.clock import Clock
from app.config.site import SiteConfig, load_site
from app.datadir.control_socket import ServiceNotRunning, request
from app.datadir.site_import import differences, import_site
from app.errors import UserError
from app.server.site_files import summary


def import_files(data: Path, site: Path | None, force: bool) -> Iterator[str]:
    """Import the CSV files; yields what was imported and what was skipped. Raises UserError, ConfigError."""
    try:
        result = request(data, "POST", "/api/v1/registry/import", {"force": force})
    except ServiceNotRunning:
        if site is None:
            raise UserError(f"no service runs on {data}: name the site with --site FOLDER") from None
        config = load_site(site)
        result = summary(with_database(data, lambda tx: import_site(tx, config, Clock()(), force=force)))
    counts = f"{result['created']} new, {result['updated']} changed, {result['unchanged']} unchanged"
    yield f"{counts}, {len(result['kept'])} kept"
    for skipped in result["kept"]:
        yield f"kept: {skipped['text']} (--force takes the file's)"


def skipped_records(data: Path, site: SiteConfig) -> Sequence[str]:
    """Records that an import into DIR would skip, one sentence each."""
    try:
        return [record["text"] for record in request(data, "GET", "/api/v1/registry/differences")["items"]]
    except ServiceNotRunning:
        return [str(record) for record in with_database(data, lambda tx: differences(tx, site))]
