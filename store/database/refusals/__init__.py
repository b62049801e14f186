"""Refused messages, their replay, and unregistered devices."""
