"""Every error that an operator can put right has one base, so that no command prints a traceback for it."""

from __future__ import annotations

import pytest

from app.cli.init import FolderNotEmpty
from app.config.addresses import InvalidAddress
from app.config.faults import ConfigError
from app.config.secrets import MissingSecret
from app.datadir.control_socket import RequestFailed, ServiceNotRunning
from app.datadir.credentials import WeakToken
from app.datadir.lock import DataDirInUse
from app.errors import UserError
from app.mqtt_client import BrokerUnavailable
from app.server.channels import ChannelNotConfigured


@pytest.mark.parametrize(
    "error",
    [
        BrokerUnavailable,
        ChannelNotConfigured,
        ConfigError,
        DataDirInUse,
        FolderNotEmpty,
        InvalidAddress,
        MissingSecret,
        RequestFailed,
        WeakToken,
    ],
)
def test_an_error_that_the_operator_can_put_right_is_a_user_error(error: type[Exception]) -> None:
    assert issubclass(error, UserError)


def test_that_no_service_runs_is_handled_by_each_command() -> None:
    assert not issubclass(ServiceNotRunning, UserError)
