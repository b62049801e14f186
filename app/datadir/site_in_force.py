"""The files of a site with which the service starts: a faulty one is replaced by its last good version.

A start at night must not fail by a file. After each start without faults the site's folder is copied to
`DIR/site-good`; faulty, unreadable or missing files are taken from there, and what is in neither is left out: its
built-in version, or an empty table, takes its place. Rulebooks, kinds, mappings and codecs are not looked at here: a
running service has a last good version of each (app.reload). See docs/decisions/0077.
"""

from __future__ import annotations

import logging
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from app.config.catalog import load_categories, load_ladders, load_replies, load_wording
from app.config.exchange import load_exchange
from app.config.faults import ConfigError, ConfigFault
from app.config.plans import PLANS_FOLDER
from app.config.site import ReadTables, SiteConfig, load_site, read_settings, read_tables
from app.datadir.kept_tables import KeptTables
from app.datadir.readable_settings import without_faulty_parts

log = logging.getLogger("fengshao.site")

GOOD_FOLDER: Final = "site-good"
"""The site's folder as it was at the last start without faults."""
IN_FORCE_FOLDER: Final = "site-in-force"
"""The files of a start with faults, good ones and those that take the place of faulty ones."""
READABLE_FILE: Final = "site-readable.yaml"
"""What could be read of a site.yaml without a good copy."""
_OLD, _NEW = ".old", ".part"
FILE_BYTES_MAX: Final = 64 << 20
SITE_BYTES_MAX: Final = 512 << 20
"""A district's tables and outlines are some 50 MB."""
_SETTINGS: Final = "site.yaml"
_EMPTY_SITE: Final = "name: 枫哨\n"
"""An empty folder is no site."""


class SiteInForce(Struct, frozen=True):
    """The site with which to start, and the faults for which it is not the one on disk."""

    config: SiteConfig
    faults: tuple[ConfigFault, ...] = ()


def site_in_force(site: Path | None, data: Path) -> SiteInForce:
    """The site of a folder. Never raises ConfigError: with faults its `files` are those of a folder in `data`."""
    if site is None:
        return SiteInForce(load_site(None, any_kind=True))
    config, found = _read_start(site, KeptTables(data))
    faults = [*found, *_missing_settings(site, data)]
    if config is not None and not faults:
        _keep_good(site, data)
        return SiteInForce(config)
    files = _compose(site, data, faults)
    for fault in faults:
        log.error("site's files: %s", fault)
    return SiteInForce(replace(load_site(files, any_kind=True), path=site, files=files), tuple(faults))


def _missing_settings(site: Path, data: Path) -> Iterator[ConfigFault]:
    """A site.yaml that is gone while the folder is there: without it no channel is configured, and nobody is told."""
    good = _good_folder(data) / _SETTINGS
    if (site / _SETTINGS).exists() or not site.is_dir() or not good.exists():
        return
    if good.read_text("utf-8") != _EMPTY_SITE:
        message = "is missing; its last good version is in force: restore it, or write one with the site's name only"
        yield ConfigFault(str(site / _SETTINGS), 1, 1, "", message)


def start_faults(folder: Path) -> list[ConfigFault]:
    """Every fault for which a start would fail. An error of ours while a file is read is one of that file."""
    return _read_start(folder, read_tables)[1]


def _read_start(folder: Path, tables: ReadTables) -> tuple[SiteConfig | None, list[ConfigFault]]:
    """The site of a folder, None where it has faults, and the faults of all that a start reads."""
    faults: list[ConfigFault] = []
    config: SiteConfig | None = None

    def load() -> None:
        nonlocal config
        config = load_site(folder, any_kind=True, tables=tables)

    loaders: tuple[Callable[[], object], ...] = (
        load,
        lambda: load_ladders(folder),
        lambda: load_wording(folder),
        lambda: load_replies(folder),
        lambda: load_categories(folder),
        lambda: load_exchange(read_settings(folder).exchange, folder),
    )
    for one in loaders:
        try:
            one()
        except ConfigError as error:
            faults += error.faults
        except Exception as error:
            log.exception("site's files not read")
            faults.append(ConfigFault(str(folder), 1, 1, "", f"cannot be read: {error!r}"))
    return config, list(dict.fromkeys(faults))


def _compose(site: Path, data: Path, faults: list[ConfigFault]) -> Path:
    """A folder without faults: faulty files are replaced by good ones, then left out (of site.yaml the faulty parts);
    at last nothing is left.

    Adds to `faults` those of the site's files that were found only when others had been replaced.
    """
    good, target, left = _good_folder(data), data / IN_FORCE_FOLDER, list(faults)
    sources, root, tried = dict(_files(site, data)), site, set[str]()
    kept = dict(_files(good, data))
    while left:
        names = {_name_in(fault.file, root) for fault in left} & (sources.keys() | kept.keys() - tried)
        if not names:
            sources = {} if root == target and not _is_from(site, sources) else dict(kept)
        for name in names:
            if name in kept and name not in tried:
                sources[name] = kept[name]
            elif name == _SETTINGS and (readable := _readable_settings(sources.get(name), left, root, data)):
                sources[name] = readable
            else:
                sources.pop(name, None)
        tried |= names
        _copy_in_any_case(sources, target)
        root, left = target, start_faults(target) if sources else []
        faults += _of_the_site(left, target, sources, site)
    return target


def _readable_settings(source: Path | None, faults: list[ConfigFault], root: Path, data: Path) -> Path | None:
    """A copy of site.yaml without the parts that have these faults; None where nothing of it can be read."""
    fields = [fault.field for fault in faults if _name_in(fault.file, root) == _SETTINGS]
    if source is None or not all(fields):
        return None
    text = without_faulty_parts(source, fields)
    if text is None:
        return None
    (data / READABLE_FILE).write_text(text, "utf-8")
    return data / READABLE_FILE


def _of_the_site(
    faults: list[ConfigFault], target: Path, sources: Mapping[str, Path], site: Path
) -> Iterator[ConfigFault]:
    """The faults in files that were copied from the site, with the names that these have there."""
    for fault in faults:
        source = sources.get(_name_in(fault.file, target))
        if source is not None and source.is_relative_to(site):
            yield replace(fault, file=str(source))


def _is_from(site: Path, sources: Mapping[str, Path]) -> bool:
    return any(path.is_relative_to(site) for path in sources.values())


def _name_in(file: str, root: Path) -> str:
    path = Path(file)
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else file


def _files(folder: Path, data: Path) -> Iterator[tuple[str, Path]]:
    """The files of a folder by relative name, without hidden ones, those of `data`, which may lie in it, and plans,
    which are large and without which nothing fails."""
    left_out = {data.resolve(), (folder / PLANS_FOLDER).resolve()}
    for root, folders, names in os.walk(folder):
        at = Path(root)
        folders[:] = [name for name in folders if not name.startswith(".") and (at / name).resolve() not in left_out]
        for name in names:
            path = at / name
            if not name.startswith(".") and path.is_file():
                yield path.relative_to(folder).as_posix(), path


def _copy_in_any_case(sources: Mapping[str, Path], target: Path) -> None:
    """A file that cannot be copied is left out as a whole: half a table would look like a table."""
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(mode=0o700)
    for name, path in sources.items():
        try:
            _copy_file(path, target / name)
        except OSError as error:
            (target / name).unlink(missing_ok=True)
            log.warning("%s not copied: %s", path, error)
    if _SETTINGS not in sources:
        (target / _SETTINGS).write_text(_EMPTY_SITE, "utf-8")


def _copy_file(path: Path, copy: Path) -> None:
    """Copy and sync a file; a very large one is none of a site. Raises OSError, and then the copy may be a part."""
    if path.stat().st_size > FILE_BYTES_MAX:
        return
    copy.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with copy.open("wb") as file:
        file.write(path.read_bytes())
        file.flush()
        os.fsync(file.fileno())


def _keep_good(site: Path, data: Path) -> None:
    """Copy the folder as a whole, or keep the former copy. A disk that takes no copy does not keep the service from
    starting."""
    new, good, old = (data / f"{GOOD_FOLDER}{suffix}" for suffix in (_NEW, "", _OLD))
    try:
        shutil.rmtree(new, ignore_errors=True)
        new.mkdir(mode=0o700)
        files = dict(_files(site, data))
        if sum(path.stat().st_size for path in files.values()) > SITE_BYTES_MAX:
            log.warning("%s is too large to be kept as the last good files: name the folder of the site alone", site)
            return
        for name, path in files.items():
            _copy_file(path, new / name)
        shutil.rmtree(old, ignore_errors=True)
        if good.exists():
            good.rename(old)
        new.rename(good)
        shutil.rmtree(old, ignore_errors=True)
    except OSError as error:
        log.warning("the site's files were not copied to %s: %s", good, error)


def _good_folder(data: Path) -> Path:
    """The last good copy, also when the process was killed while it was replaced."""
    good = data / GOOD_FOLDER
    return good if good.is_dir() else data / f"{GOOD_FOLDER}{_OLD}"
