"""Calls of Tencent Cloud's API 3.0, signed by hand: nothing of our channels."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from msgspec import Struct

from simulators.providers.local_server import loopback_client


class SignedCall(Struct, frozen=True):
    """One call of a service (`sms`, `vms`) at a time, in seconds."""

    service: str
    version: str
    action: str
    timestamp: int
    key: str = "AKID"
    secret: str = "secret"

    async def post(self, url: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """The content of `Response`."""
        payload = json.dumps(body).encode()
        async with loopback_client() as client:
            answer = await client.post(url, content=payload, headers=self._headers(url, payload))
        return answer.json()["Response"]  # type: ignore[no-any-return]

    def _headers(self, url: str, payload: bytes) -> dict[str, str]:
        host, day = url.removeprefix("http://"), datetime.fromtimestamp(self.timestamp, UTC).date().isoformat()
        hashed = hashlib.sha256(payload).hexdigest()
        canonical = f"POST\n/\n\ncontent-type:application/json\nhost:{host}\n\ncontent-type;host\n{hashed}"
        scope = f"{day}/{self.service}/tc3_request"
        digest = hashlib.sha256(canonical.encode()).hexdigest()
        signing = f"TC3{self.secret}".encode()
        for part in (day, self.service, "tc3_request", f"TC3-HMAC-SHA256\n{self.timestamp}\n{scope}\n{digest}"):
            signing = hmac.new(signing, part.encode(), hashlib.sha256).digest()
        return {
            "Authorization": f"TC3-HMAC-SHA256 Credential={self.key}/{scope}, SignedHeaders=content-type;host, "
            f"Signature={signing.hex()}",
            "Content-Type": "application/json",
            "X-TC-Action": self.action,
            "X-TC-Version": self.version,
            "X-TC-Timestamp": str(self.timestamp),
        }
