"""The relational store: registry, alerts, refusals and system state. One write transaction at a time."""
