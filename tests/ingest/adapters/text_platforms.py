"""Frames of stations and watches, and a decoder with one of each."""

from __future__ import annotations

from domain import Device, Identity

NOW = 1747518100000
BAND = Device("band-1", "wristband", identities=(Identity("setracker", "8800000015"),))
STATION = Device("gas-1", "gas_alarm", identities=(Identity("hj212", "MN1"),))
