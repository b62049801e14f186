"""Environment variables that the service reads under a fixed name. Those of secrets are named by settings (`…_env`)."""

from __future__ import annotations

from typing import Final

from msgspec import Struct

from app.config.addresses import MQTT_PASSWORD, MQTT_USER
from ingest.http_push.signatures import SIGNATURE_CHECKS


class EnvironmentVariable(Struct, frozen=True):
    """`default` is what applies while it is not set; empty for nothing."""

    name: str
    default: str
    meaning: str


VARIABLES: Final = (
    EnvironmentVariable("FENGSHAO_HTTP", "127.0.0.1:8080", "HOST:PORT of screens and API, where `--http` is not given"),
    EnvironmentVariable(
        "FENGSHAO_MQTT",
        "127.0.0.1:1883",
        "HOST:PORT at which a broker is started, or the URL of one that runs, where `--mqtt` is not given",
    ),
    EnvironmentVariable(MQTT_USER, "", "user name at the broker, where the URL has none"),
    EnvironmentVariable(MQTT_PASSWORD, "", "password at the broker, where the URL has none"),
    EnvironmentVariable("FENGSHAO_EXERCISE_PASSWORD", "", "password of `fengshao simulate --username`"),
    EnvironmentVariable(
        "FENGSHAO_ADMIN_TOKEN",
        "",
        "token of the administrator, at least 16 random characters; without it one is created in DIR/admin.token",
    ),
    EnvironmentVariable(
        "FENGSHAO_LEDGER_URL",
        "",
        "URL of the ledger on a PostgreSQL server, with its password if it has one; in place of `ledger.url`",
    ),
    EnvironmentVariable(
        "FENGSHAO_SECRETS_TO_FILES",
        "",
        "any value: the administrator's token and the first password are written to files of DIR and not printed, "
        "where output becomes a log (systemd, containers)",
    ),
    *(
        EnvironmentVariable(f"FENGSHAO_{platform.upper()}_PUSH_TOKEN", "", f"token that signs the pushes of {platform}")
        for platform in sorted(SIGNATURE_CHECKS)
    ),
)
