"""Measurements: real broker, real disk, real processes. Speed is measured here and never asserted in a test."""
