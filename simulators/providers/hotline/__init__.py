"""A simulated 12345 platform: pushes work orders, takes over cases, and expects reports of their states."""
