"""Login by an identity provider: OpenID Connect Core 1.0, authorization code flow with PKCE (RFC 7636).

Endpoints and keys come from the provider's discovery document. An ID token is believed when its signature is of one of
the provider's keys, with an asymmetric algorithm, and issuer, audience, expiry and nonce are right (Core, 3.1.3.7).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from typing import Any, Final
from urllib.parse import urlencode

import httpx2
import msgspec

from console.security.oidc_groups import GroupRole, groups_of
from domain import HOUR, MINUTE, Instant
from domain.secret import Secret

ALGORITHMS: Final = ("RS256", "RS384", "RS512", "PS256", "ES256", "ES384", "EdDSA")
"""Never `none`, and no HMAC: its key would be the client secret."""
CLOCK_SKEW_MS: Final = 2 * MINUTE
DOCUMENT_MS: Final = HOUR
"""How long the discovery document and the keys are used; an unknown key id loads the keys again at once."""
ANSWER_BYTES_MAX: Final = 256 * 1024


class OidcError(Exception):
    """A login that failed. `reason` (state, denied, provider, token, user, group) is for the login page, which has a
    text for each; the message says more and is for the log."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason


class OidcConfig(msgspec.Struct, frozen=True):
    """The provider, this service's registration there, and where the provider sends the browser back to."""

    issuer: str
    client_id: str
    client_secret: Secret
    redirect_url: str
    title: str = "统一身份认证"
    username_claim: str = "preferred_username"
    scopes: tuple[str, ...] = ("openid", "profile")
    groups_claim: str = "groups"
    groups: tuple[GroupRole, ...] = ()
    """With entries the provider's groups decide who may log in, and as what; without any the accounts here do."""


class Identity(msgspec.Struct, frozen=True):
    """Who logged in: the provider's permanent subject, and the names it has for him."""

    subject: str
    username: str
    name: str
    groups: frozenset[str] = frozenset()


def code_challenge(verifier: str) -> str:
    """The S256 challenge of a verifier (RFC 7636, 4.2).

    >>> code_challenge("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk")
    'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM'
    """
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


class OidcClient:
    """Asks the provider. Every method may raise OidcError."""

    def __init__(self, config: OidcConfig, client: httpx2.AsyncClient) -> None:
        from joserfc.jwk import KeySet  # 8 MiB with its cryptography, which a service without a provider does not load

        self.config, self._client = config, client
        self._document: dict[str, Any] = {}
        self._keys = KeySet([])
        self._loaded_at: Instant | None = None

    async def authorization_url(self, state: str, nonce: str, verifier: str, now: Instant) -> str:
        """Where the browser logs in (Core, 3.1.2.1)."""
        await self._load(now)
        query = {
            "response_type": "code",
            "client_id": self.config.client_id,
            "redirect_uri": self.config.redirect_url,
            "scope": " ".join(self.config.scopes),
            "state": state,
            "nonce": nonce,
            "code_challenge": code_challenge(verifier),
            "code_challenge_method": "S256",
        }
        endpoint = self._endpoint("authorization_endpoint")
        return f"{endpoint}{'&' if '?' in endpoint else '?'}{urlencode(query)}"

    async def identity_of_code(self, code: str, verifier: str, nonce: str, now: Instant) -> Identity:
        """Exchanges the code for an ID token and checks it (Core, 3.1.3)."""
        await self._load(now)
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self.config.redirect_url,
            "client_id": self.config.client_id,
            "code_verifier": verifier,
        }
        login = httpx2.BasicAuth(self.config.client_id, self.config.client_secret.reveal())
        answer = await self._ask("POST", self._endpoint("token_endpoint"), data=form, auth=login)
        token = answer.get("id_token")
        if not isinstance(token, str):
            raise OidcError("provider", "the token response has no id_token")
        return self._identity(await self._claims(token, now), nonce, now)

    async def _claims(self, token: str, now: Instant) -> dict[str, Any]:
        from joserfc.errors import JoseError

        try:
            return self._decode(token)
        except (JoseError, ValueError):
            await self._load(now, again=True)  # the provider may have changed its keys
        try:
            return self._decode(token)
        except (JoseError, ValueError) as error:
            raise OidcError("token", f"signature of the ID token: {error!r}") from None

    def _decode(self, token: str) -> dict[str, Any]:
        from joserfc import jwt

        return dict(jwt.decode(token, self._keys, algorithms=list(ALGORITHMS)).claims)

    def _identity(self, claims: dict[str, Any], nonce: str, now: Instant) -> Identity:
        audience = claims.get("aud")
        audiences = audience if isinstance(audience, list) else [audience]
        authorized = claims.get("azp", self.config.client_id)
        expires, subject = claims.get("exp"), claims.get("sub")
        faults = {
            "iss": claims.get("iss") != self.config.issuer,
            "aud": self.config.client_id not in audiences or authorized != self.config.client_id,
            "exp": not isinstance(expires, int | float) or expires * 1000 <= now - CLOCK_SKEW_MS,
            "nonce": not hmac.compare_digest(str(claims.get("nonce", "")).encode(), nonce.encode()),
            "sub": not isinstance(subject, str) or not 0 < len(subject) <= 255,
        }
        wrong = [name for name, is_wrong in faults.items() if is_wrong]
        if wrong:
            raise OidcError("token", f"claims of the ID token: {', '.join(wrong)}")
        username = str(claims.get(self.config.username_claim) or "")
        groups = groups_of(claims, self.config.groups_claim)
        return Identity(str(subject), username, str(claims.get("name") or username), groups)

    async def _load(self, now: Instant, *, again: bool = False) -> None:
        if not again and self._loaded_at is not None and now - self._loaded_at < DOCUMENT_MS:
            return
        document = await self._ask("GET", self.config.issuer.rstrip("/") + "/.well-known/openid-configuration")
        if document.get("issuer") != self.config.issuer:
            raise OidcError("provider", f"the discovery document is of {document.get('issuer')!r}")
        self._document = document
        from joserfc.errors import JoseError
        from joserfc.jwk import KeySet

        try:
            self._keys = KeySet.import_key_set(await self._ask("GET", self._endpoint("jwks_uri")))  # type: ignore[arg-type]
        except (JoseError, ValueError, KeyError, TypeError) as error:
            raise OidcError("provider", f"jwks_uri: {error!r}") from None
        self._loaded_at = now

    def _endpoint(self, name: str) -> str:
        value = self._document.get(name)
        if not isinstance(value, str) or not value.startswith(("https://", "http://")):
            raise OidcError("provider", f"the discovery document has no {name}")
        return value

    async def _ask(self, method: str, url: str, **options: Any) -> dict[str, Any]:
        try:
            response = await self._client.request(method, url, **options)
        except httpx2.HTTPError as error:
            raise OidcError("provider", f"{url}: {error!r}") from None
        if not response.is_success or len(response.content) > ANSWER_BYTES_MAX:
            raise OidcError("provider", f"{url} answered {response.status_code}")
        try:
            return msgspec.json.decode(response.content, type=dict[str, Any])
        except (msgspec.DecodeError, msgspec.ValidationError):
            raise OidcError("provider", f"{url}: no JSON object") from None
