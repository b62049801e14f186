"""Alerts, deliveries, silences and reply codes in the relational store."""
