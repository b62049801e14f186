"""Texts, cards and timeline sentences, and the outbox rows that carry them."""
