"""Alerts, deliveries, silences and latches in the relational store."""
