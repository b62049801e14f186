"""Builds a town from a preset and a seed: places, cells, people, duties and devices, all of them invented."""
