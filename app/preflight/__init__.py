"""Asks providers about our accounts before an alert needs them."""
