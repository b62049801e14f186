"""Manholes of a town: levels in rain and behind blocked pipes, gas, covers that move."""
