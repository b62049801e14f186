"""A simulated town: its population and devices from a seed, and the events of its days with their ground truth."""
