"""A simulated identity provider: OpenID Connect Core 1.0 (authorization code flow), Discovery 1.0, PKCE (RFC 7636).

Written from the specifications. ID tokens are signed with ES256 (RFC 7518, 3.4). A code is used once and within ten
minutes, by the client it was given to, with the redirect URI and the verifier of its request (RFC 6749, 4.1.3).
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
from collections.abc import Callable
from typing import Any, Final
from urllib.parse import urlencode

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from msgspec import Struct
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from domain import MINUTE, SECOND, Instant
from simulators.providers.local_server import LoopbackServer

_CODE_MS: Final = 10 * MINUTE
_TOKEN_S: Final = 300
_COORDINATE_BYTES: Final = 32


class _Grant(Struct, frozen=True):
    """What a code was given for."""

    client_id: str
    redirect_uri: str
    nonce: str
    challenge: str
    subject: str
    at: Instant


class OidcProvider:
    """The provider on a loopback port. `account` is who logs in next; None: the user refuses.

    `claims` replaces claims of the next ID tokens, so that a client can be given wrong ones.
    """

    def __init__(self, *, client_id: str, client_secret: str, redirect_uri: str, clock: Callable[[], Instant]) -> None:
        self.client_id, self.client_secret, self.redirect_uri = client_id, client_secret, redirect_uri
        self.clock = clock
        self.account: dict[str, Any] | None = None
        self.claims: dict[str, Any] = {}
        self.algorithm = "ES256"
        self._grants: dict[str, _Grant] = {}
        self.rotate_key()
        routes = [
            Route("/.well-known/openid-configuration", self._discovery),
            Route("/authorize", self._authorize),
            Route("/token", self._token, methods=["POST"]),
            Route("/jwks", self._jwks),
        ]
        self._host = LoopbackServer(Starlette(routes=routes))

    @property
    def issuer(self) -> str:
        return self._host.url

    async def __aenter__(self) -> OidcProvider:
        await self._host.__aenter__()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._host.__aexit__()

    def rotate_key(self) -> None:
        """Sign with a new key from now on; the old one is no longer published."""
        self._key, self._key_id = ec.generate_private_key(ec.SECP256R1()), secrets.token_hex(4)

    async def _discovery(self, _request: Request) -> Response:
        return JSONResponse(
            {
                "issuer": self.issuer,
                "authorization_endpoint": f"{self.issuer}/authorize",
                "token_endpoint": f"{self.issuer}/token",
                "jwks_uri": f"{self.issuer}/jwks",
                "response_types_supported": ["code"],
                "subject_types_supported": ["public"],
                "id_token_signing_alg_values_supported": ["ES256"],
                "code_challenge_methods_supported": ["S256"],
            }
        )

    async def _jwks(self, _request: Request) -> Response:
        numbers = self._key.public_key().public_numbers()
        x, y = (_base64(value.to_bytes(_COORDINATE_BYTES)) for value in (numbers.x, numbers.y))
        key = {"kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "kid": self._key_id, "x": x, "y": y}
        return JSONResponse({"keys": [key]})

    async def _authorize(self, request: Request) -> Response:
        query = request.query_params
        # A wrong client or redirect URI is told to the user, never sent to that address (RFC 6749, 4.1.2.1).
        if query.get("client_id") != self.client_id or query.get("redirect_uri") != self.redirect_uri:
            return PlainTextResponse("unknown client or redirect_uri", 400)
        state = {"state": query["state"]} if "state" in query else {}
        if query.get("response_type") != "code" or "openid" not in query.get("scope", "").split():
            return self._back({"error": "invalid_request", **state})
        if query.get("code_challenge_method") != "S256" or not query.get("code_challenge"):
            return self._back({"error": "invalid_request", "error_description": "PKCE is required", **state})
        if self.account is None:
            return self._back({"error": "access_denied", **state})
        code = secrets.token_urlsafe(16)
        self._grants[code] = _Grant(
            self.client_id,
            self.redirect_uri,
            query.get("nonce", ""),
            query["code_challenge"],
            self.account["sub"],
            self.clock(),
        )
        return self._back({"code": code, **state})

    async def _token(self, request: Request) -> Response:
        form = {name: str(value) for name, value in (await request.form()).items()}
        if request.headers.get("authorization") != self._basic():
            return JSONResponse({"error": "invalid_client"}, 401)
        grant = self._grants.pop(form.get("code", ""), None)
        verifier = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        is_right = (
            form.get("grant_type") == "authorization_code"
            and grant is not None
            and grant.redirect_uri == form.get("redirect_uri")
            and grant.challenge == _base64(verifier)
            and self.clock() - grant.at < _CODE_MS
        )
        if not is_right or grant is None:
            return JSONResponse({"error": "invalid_grant"}, 400)
        token = self._signed(self._claims_of(grant))
        return JSONResponse(
            {
                "access_token": secrets.token_urlsafe(16),
                "token_type": "Bearer",
                "expires_in": _TOKEN_S,
                "id_token": token,
            },
            headers={"Cache-Control": "no-store"},
        )

    def _claims_of(self, grant: _Grant) -> dict[str, Any]:
        now_s = self.clock() // SECOND
        claims = {
            "iss": self.issuer,
            "aud": grant.client_id,
            "iat": now_s,
            "exp": now_s + _TOKEN_S,
            "nonce": grant.nonce,
        }
        return {**claims, **(self.account or {}), "sub": grant.subject, **self.claims}

    def _signed(self, claims: dict[str, Any]) -> str:
        header = {"alg": self.algorithm, "typ": "JWT", "kid": self._key_id}
        text = ".".join(_base64(json.dumps(part).encode()) for part in (header, claims))
        if self.algorithm == "none":
            return f"{text}."
        r, s = decode_dss_signature(self._key.sign(text.encode(), ec.ECDSA(hashes.SHA256())))
        return f"{text}.{_base64(r.to_bytes(_COORDINATE_BYTES) + s.to_bytes(_COORDINATE_BYTES))}"

    def _basic(self) -> str:
        return "Basic " + base64.b64encode(f"{self.client_id}:{self.client_secret}".encode()).decode()

    def _back(self, query: dict[str, str]) -> Response:
        return RedirectResponse(f"{self.redirect_uri}?{urlencode(query)}", 302)


def _base64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
