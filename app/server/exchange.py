"""Builds the exchange with outside systems: targets with their secrets, the recorder of events, sender and entry."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from ipaddress import ip_network
from secrets import token_hex

import httpx2
from msgspec import Struct, field
from msgspec.structs import replace

from alerts.channels.cloudevents import secret_fault
from alerts.channels.guarded_post import GuardedPost
from alerts.exchange.messages import SYSTEM_PREFIX, OutgoingMessage
from alerts.exchange.planner import ExchangePlanner, Partners
from alerts.exchange.ports import ExchangeStore
from alerts.exchange.retries import Response, RetryPolicy
from alerts.exchange.sender import ExchangeSender, Post, TargetHealth
from alerts.exchange.service import CaseExchange
from alerts.exchange.subscribers import Subscriber
from alerts.exchange.targets import PhotoUrl, Request, SystemTarget, Target, WebhookTarget
from alerts.service import AlertService
from app.config.exchange import ExchangeSettings, load_exchange
from app.config.secrets import read_secret
from app.config.site import SiteConfig
from app.config.unusable_settings import RAISING, UnusableSettings
from app.errors import UserError
from app.reload.registry import RegistryCache
from console.security.auth import sign_photo_link
from domain import Evidence, Finding, FindingPhase, Instant, Subject
from domain.findings import own_finding
from domain.secret import Secret
from store.database.alerts.transactions import Transactions
from store.database.database import Database
from store.database.exchange import outbox
from store.database.exchange.repository import ExchangeRecorder, ExchangeTransactions

log = logging.getLogger("fengshao.exchange")
FAILING_RULE = "exchange-failing"
FAILING_TITLE = "向外部系统发送持续失败"
FAILING_ADVICE = "请核对对方的地址、证书与密钥；恢复后自动补发"


class WeakSecret(UserError):
    """A signing secret is too short to be one."""


class UnsignedRequest(Exception):
    """A message to a partner whose secret cannot be read: it waits, as for a partner that does not answer."""


class ExchangeConfig(Struct, frozen=True):
    """With whom data is exchanged; empty without any partner."""

    partners: Partners = Partners()
    targets: tuple[Target, ...] = ()
    push_secrets: Mapping[str, Secret] = field(default_factory=dict)
    """By system: the secret that signs its pushes. An unsigned push of such a system is refused."""
    post: Post | None = None
    policy: RetryPolicy = RetryPolicy()
    renderers: Mapping[str, SystemTarget] = field(default_factory=dict)
    """By system without a URL: writes the messages that it fetches."""

    @property
    def is_empty(self) -> bool:
        return not self.partners.subscribers and not self.partners.systems


def photo_links(public_url: str, signing_key: str) -> PhotoUrl | None:
    """Makes the signed URLs of photos; None for a site without a public URL: then messages refer to none."""
    base, key = public_url.rstrip("/"), signing_key.encode()
    return (lambda photo, at: f"{base}/api/v1/exchange/photos/{sign_photo_link(key, photo, at)}") if base else None


def build_exchange_config(
    site: SiteConfig,
    client: httpx2.AsyncClient,
    environ: Mapping[str, str],
    photo_url: PhotoUrl | None = None,
    unusable: UnusableSettings = RAISING,
) -> ExchangeConfig:
    """The partners of site.yaml with their secrets.

    With `unusable` the messages of a partner without its secret wait, and its signed pushes are refused. Without it
    raises MissingSecret and WeakSecret. Raises ConfigError.
    """
    settings = site.settings.exchange
    mappings = load_exchange(settings, site.start_path)
    subscribers = tuple(
        Subscriber(
            name,
            frozenset(each.topics),
            frozenset(each.hazards),
            frozenset(each.ledgers),
            frozenset(each.places),
            each.severity,
        )
        for name, each in settings.subscribers.items()
    )
    targets: list[Target] = [*_webhooks(settings, environ, unusable)]
    renderers = {
        name: SystemTarget(name, "", site.settings.name, mappings[name], (), photo_url)
        for name, system in settings.systems.items()
        if system.url is None
    }
    for name, system in settings.systems.items():
        if system.url is not None:
            secret = _usable_secrets((system.secret_env,), f"exchange.systems.{name}", environ, unusable)
            targets.append(SystemTarget(name, system.url, site.settings.name, mappings[name], secret, photo_url))
    push_secrets = {
        name: _push_secret(system.push_secret_env, f"exchange.systems.{name}", environ, unusable)
        for name, system in settings.systems.items()
        if system.push_secret_env
    }
    post = partial(_post, GuardedPost(client, [ip_network(text) for text in settings.networks]))
    policy = RetryPolicy(settings.give_up_after)
    reachable = frozenset(name for name, system in settings.systems.items() if system.url is not None)
    partners = Partners(subscribers, mappings, reachable)
    return ExchangeConfig(partners, tuple(targets), push_secrets, post, policy, renderers)


def _webhooks(
    settings: ExchangeSettings, environ: Mapping[str, str], unusable: UnusableSettings
) -> list[WebhookTarget]:
    targets: list[WebhookTarget] = []
    for name, each in settings.subscribers.items():
        variables = [variable for variable in (each.secret_env, each.previous_secret_env) if variable]
        user = f"exchange.subscribers.{name}"
        secrets = _usable_secrets(variables, user, environ, unusable)
        targets.append(WebhookTarget(name, each.url, settings.source, secrets))
    return targets


def _usable_secrets(
    variables: Sequence[str], user: str, environ: Mapping[str, str], unusable: UnusableSettings
) -> tuple[Secret, ...]:
    """All secrets that sign a partner's messages, or none: then nothing is sent to it, and what waits is kept."""
    return unusable.attempt(
        user, lambda: tuple(_signing_secret(one, user, environ) for one in variables), lambda _reason: ()
    )


def _push_secret(variable: str, user: str, environ: Mapping[str, str], unusable: UnusableSettings) -> Secret:
    """Where it cannot be read, one that no partner has: a push without a signature must not pass for that."""
    read = partial(_signing_secret, variable, user, environ)
    return unusable.attempt(f"{user} pushes", read, lambda _reason: Secret(token_hex(32)))


def _signing_secret(variable: str, user: str, environ: Mapping[str, str]) -> Secret:
    secret = read_secret(variable, user, environ)
    fault = secret_fault(secret.reveal())
    if fault is not None:
        raise WeakSecret(f"{user}: {variable} {fault}")
    return secret


async def _post(guarded: GuardedPost, request: Request) -> tuple[int, Mapping[str, str], bytes]:
    if not request.headers.get("webhook-signature"):
        raise UnsignedRequest("its secret is missing: see the alert settings-refused")
    answer = await guarded(request.url, request.body, request.headers)
    return answer.status, answer.headers, answer.body


def build_transactions(
    config: ExchangeConfig, database: Database, registry: RegistryCache, clock: Callable[[], Instant]
) -> Transactions:
    """Transactions of alerts; with partners they write the events of their changes."""
    if config.is_empty:
        return Transactions(database)
    planner = ExchangePlanner(config.partners, registry.current_community, registry.current_devices)
    return Transactions(database, ExchangeRecorder(planner, clock, _log_fault))


def _log_fault(subject: str, error: Exception) -> None:
    """An event that could not be made is lost to outside systems; the alert itself goes on."""
    log.error("no event made of a change", extra={"about": subject}, exc_info=error)


class Exchange:
    """The running exchange: `sender` sends, `cases` takes what outside systems send."""

    def __init__(
        self,
        config: ExchangeConfig,
        database: Database,
        transactions: Transactions,
        desk: AlertService,
        registry: RegistryCache,
        clock: Callable[[], Instant],
    ) -> None:
        self.config, self._desk, self._clock, self._database = config, desk, clock, database
        transact = ExchangeTransactions(database, transactions)
        systems = config.partners.systems
        self.cases = CaseExchange(transact, desk, systems, registry.current_community, clock)
        self._systems = {target.id: target for target in config.targets if isinstance(target, SystemTarget)}
        self.sender = ExchangeSender(
            transact,
            config.targets,
            config.post or _no_post,
            clock,
            TargetHealth(self._failing, self._recovered),
            config.policy,
            self._accepted,
        )

    async def start(self) -> None:
        """Give up what waits for partners that are no longer configured: it is listed, not forgotten."""
        known, now = (*self.sender.counts, *(SYSTEM_PREFIX + name for name in self.config.renderers)), self._clock()
        if not self.config.is_empty:
            await self._database.write(lambda tx: outbox.give_up_unknown(tx, known, now))

    def _accepted(self, message: OutgoingMessage, response: Response, store: ExchangeStore) -> None:
        self.cases.record_their_id(self._systems.get(message.target), message, response, store)

    async def _failing(self, target: str, since: Instant, error: str) -> None:
        """Open the health alert of a target that has failed for ten minutes."""
        finding = _finding(target, since, self._clock())
        evidence = (Evidence("target", target), Evidence("reason", error))
        await self._desk.process_findings([replace(finding, evidence=evidence)])

    async def _recovered(self, target: str, at: Instant) -> None:
        """End it."""
        prefix = _finding(target, 0, at).id.removesuffix("0")
        active = await self._desk.transact(lambda store: store.active_finding_ids(prefix))
        began = _finding(target, at, at)
        ended = [replace(began, id=finding, phase=FindingPhase.ENDED) for finding in active]
        if ended:
            await self._desk.process_findings(ended)


def _finding(target: str, begin: Instant, at: Instant) -> Finding:
    subject = Subject("system", f"exchange:{target.removeprefix(SYSTEM_PREFIX)}")
    return own_finding(FAILING_RULE, subject, begin, at=at, title=FAILING_TITLE, advice=FAILING_ADVICE)


async def _no_post(_request: Request) -> tuple[int, Mapping[str, str], bytes]:
    raise OSError("no partner is configured")
