"""Figures of past alerts: response times, alarm rates, bad actors, and the order of what happened. Pure."""
