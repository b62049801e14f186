"""What the service gives the console to authenticate with."""

from __future__ import annotations

from dataclasses import dataclass, field

from console.security.gathered_reads import GatheredReads
from console.security.oidc import OidcClient
from console.security.passwords import Passwords
from console.security.personal_reads import PersonalReads
from domain import DAY, HOUR
from domain.secret import Secret


@dataclass(frozen=True)
class SecurityDependencies:
    """`signing_key` signs sessions and workers' links; it must be the same after a restart."""

    admin_token: Secret
    signing_key: Secret
    passwords: Passwords
    oidc: OidcClient | None
    """Login by an identity provider; None: not configured."""
    first_password_ms: int = 3 * DAY
    """How long a password holds that somebody else set."""
    personal_reads: PersonalReads = field(default_factory=PersonalReads)
    gathered_reads: GatheredReads = field(default_factory=GatheredReads)
    stream_reads: GatheredReads = field(default_factory=lambda: GatheredReads(HOUR))
    """Of open event streams, which a screen holds all day."""
