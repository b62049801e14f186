"""The part of site.yaml about outside systems, and the mapping files it names."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Final

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from alerts.exchange.mapping import SystemMapping
from alerts.exchange.subscribers import Topic
from app.config.faults import ConfigError, ConfigFault
from app.config.suggestions import missing_reference, unknown_name
from app.config.yaml_files import read_model, read_yaml
from domain import DAY, Fault, Ledger, Severity
from domain.duration import Duration

BUILT_IN: Final = Path(__file__).resolve().parents[2] / "alerts" / "exchange" / "mappings"
CARE_SYSTEM: Final = "care"
"""The id under which a care platform has a token; no system of site.yaml may have it."""
_ID: Final = r"^[a-z][a-z0-9_-]{0,39}$"
PartnerId = Annotated[str, Field(pattern=_ID)]


def _check_network(text: str) -> str:
    try:
        ip_network(text)
    except ValueError:
        raise ValueError(f"{text!r} is no network: write one like 10.1.0.0/16") from None
    return text


def _check_url(text: str) -> str:
    if not text.startswith(("https://", "http://")) or len(text) > 2000 or any(sign.isspace() for sign in text):
        raise ValueError(f"{text!r} is no URL: write one like https://12345.example.cn/in")
    return text


Url = Annotated[str, AfterValidator(_check_url)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class SubscriberSettings(_Strict):
    """Who gets signed events. Secrets are read from the named environment variables; the previous one still signs
    while receivers exchange it."""

    url: Url
    """Where events are sent."""
    secret_env: Annotated[str, Field(min_length=1)]
    """Secret that signs the events."""
    previous_secret_env: str = ""
    """Former secret, which signs too while the receiver changes to the new one."""
    topics: tuple[Topic, ...] = (Topic.CASES,)
    """Kinds of events."""
    hazards: tuple[str, ...] = ()
    """Only these hazards; empty for all."""
    ledgers: tuple[Ledger, ...] = (Ledger.DANGER,)
    """Dangers, health of devices, or both."""
    severity: Severity = Severity.LOW
    """The least severity."""
    places: tuple[str, ...] = ()
    """Only these places and what lies under them; empty for all."""


class ExternalSystemSettings(_Strict):
    """A system that sends cases and takes them over. Without `url` nothing is sent to it; with `push_secret_env` its
    pushes must be signed beside carrying its token."""

    mapping: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,39}$")]
    """Name of the mapping file: `exchange/NAME.yaml` of the site, else the built-in one."""
    url: Url | None = None
    """Where cases are sent; null where the system fetches them."""
    secret_env: str = ""
    """Secret that signs what is sent; required with `url`."""
    push_secret_env: str = ""
    """Secret that signs what the system pushes."""


class ExchangeSettings(_Strict):
    """Outside systems and subscribers by their ids. `source` is the CloudEvents source of this site."""

    source: Annotated[str, Field(pattern=r"^[!-~]{1,200}$")] = "urn:fengshao"
    """CloudEvents source of this site."""
    systems: dict[PartnerId, ExternalSystemSettings] = {}
    subscribers: dict[PartnerId, SubscriberSettings] = {}
    networks: tuple[Annotated[str, AfterValidator(_check_network)], ...] = ()
    """Networks with private addresses, or plain http, that messages may be sent to; others only by https to public
    addresses."""
    give_up_after: Duration = DAY
    """A message that is not accepted for so long goes to the dead letters."""


def load_exchange(settings: ExchangeSettings, site: Path | None) -> Mapping[str, SystemMapping]:
    """The mapping of each system by the system's id. Raises ConfigError with every fault."""
    faults: list[ConfigFault] = []
    mappings: dict[str, SystemMapping] = {}
    for name, system in settings.systems.items():
        try:
            mappings[name] = load_mapping(system.mapping, site, f"exchange.systems.{name}.mapping")
        except ConfigError as error:
            faults += error.faults
        faults += _system_faults(name, system, site)
    if faults:
        raise ConfigError(faults)
    return mappings


def place_faults(settings: ExchangeSettings, known: Collection[str], site: Path | None) -> list[ConfigFault]:
    """Subscribers of places that are not registered: they would get nothing."""
    return [
        _fault(site, f"exchange.subscribers.{name}.places", missing_reference(place, known))
        for name, each in settings.subscribers.items()
        for place in each.places
        if place not in known
    ]


def load_mapping(name: str, site: Path | None, field: str) -> SystemMapping:
    """A mapping by name: `exchange/NAME.yaml` of the site, else the built-in one. Raises ConfigError."""
    own = site / "exchange" / f"{name}.yaml" if site is not None else None
    if own is not None and own.exists():
        return read_model(own, SystemMapping)
    built_in = BUILT_IN / f"{name}.yaml"
    if built_in.exists():
        return read_model(built_in, SystemMapping)
    known = [file.stem for file in sorted(BUILT_IN.glob("*.yaml"))]
    raise ConfigError([_fault(site, field, f"{unknown_name(name, known)}, or add exchange/{name}.yaml")])


def _system_faults(name: str, system: ExternalSystemSettings, site: Path | None) -> list[ConfigFault]:
    faults: list[ConfigFault] = []
    if name == CARE_SYSTEM:
        faults.append(_fault(site, f"exchange.systems.{name}", "is reserved for the care platform: choose another id"))
    if system.url is not None and not system.secret_env:
        faults.append(_fault(site, f"exchange.systems.{name}.secret_env", "name the variable of the signing secret"))
    return faults


def _fault(site: Path | None, field: str, message: str) -> ConfigFault:
    """The fault where it stands in site.yaml; settings that were made without a file have no line."""
    file = (site or Path()) / "site.yaml"
    if not file.exists():
        return ConfigFault(str(file), 1, 1, field, message)
    return read_yaml(file).locate(Fault(tuple(field.split(".")), message))
