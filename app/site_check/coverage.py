"""Reports cells and hours at which a danger would reach no person: a fault, or a warning with a last resort."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from app.config.csv_files import Sheet
from app.config.faults import ConfigFault
from app.config.site import Sheets, SiteConfig
from app.site_check.escalation_coverage import CoverageGap, EscalationCoverage
from app.site_check.last_resort import enabled_channels, last_resort_faults
from app.site_check.result import SiteCheck
from app.site_check.roster_gaps import gap_lines
from domain import Instant
from domain.people import community

CELLS_SHOWN: Final = 5
GAPS_SHOWN: Final = 20
GAPS_OMITTED: Final = "未来两周另有{count}处无人值班"


def check_coverage(result: SiteCheck, site: SiteConfig, now: Instant) -> None:
    """Adds faults of the last resort, and gaps of the escalation as faults, or as warnings when there is one."""
    faults = last_resort_faults(site)
    result.faults += faults
    if site.path is None or result.ladders is None or not site.places:
        return
    people = community(site.places, site.cells, site.people, site.duties, rotations=site.rotations)
    zone = site.settings.zone
    lines = [line for texts in gap_lines(people, now, zone, site.roles).values() for line in texts]
    more = [GAPS_OMITTED.format(count=len(lines) - GAPS_SHOWN)] if len(lines) > GAPS_SHOWN else []
    result.warnings += [*lines[:GAPS_SHOWN], *more]
    coverage = EscalationCoverage(people, enabled_channels(site.settings), now, zone)
    used = {place.cell for place in site.places if place.cell}
    cells: list[str | None] = [*sorted(cell for cell in used if cell in people.cells), None]
    alike: dict[tuple[object, ...], list[CoverageGap]] = {}
    for gap in coverage.gaps(result.ladders, cells):
        alike.setdefault((gap.ladders, gap.hours), []).append(gap)
    gaps = [_coverage_fault(result.sheets, same) for same in alike.values()]
    if faults:
        result.faults += gaps
    else:
        result.warnings += [f"{gap}; until then only the last resort hears of it" for gap in gaps]


def _coverage_fault(sheets: Sheets, gaps: Sequence[CoverageGap]) -> ConfigFault:
    """One fault, at the first cell, for all cells with gaps in the same ladders at the same hours."""
    first, cells = gaps[0], sheets["cells"]
    rows = {record.id: row for row, record in enumerate(cells.records)}
    names = [_cell_text(cells, rows, gap.cell) for gap in gaps[:CELLS_SHOWN]]
    more = f" and {len(gaps) - CELLS_SHOWN} more cells" if len(gaps) > CELLS_SHOWN else ""
    root = next((record.id for record in cells.records if record.parent is None), "CELL")
    message = (
        f"{', '.join(names)}{more}: {'; '.join(first.ladders)}: {first.hours} nobody can be reached: no "
        f"{', '.join(first.roles)} on duty with a phone or WeCom id that the site's channels lead to; "
        f"write a line in duties.csv for {first.cell or root} or a cell above it"
    )
    if first.cell is None:
        return ConfigFault(cells.file, 1, 1, "id", message)
    return cells.fault(rows[first.cell], "id", message)


def _cell_text(cells: Sheet[Any], rows: Mapping[str, int], cell: str | None) -> str:
    if cell is None:
        return "places without a cell, strangers"
    return f"{cell} ({cells.records[rows[cell]].name})"
