"""Residents who report what they see: about incidents that devices measure too, and about what no device measures."""
