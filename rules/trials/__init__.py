"""Unit tests of rules, written beside a rulebook and played on an engine."""
