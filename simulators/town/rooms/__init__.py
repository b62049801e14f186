"""Gas, carbon monoxide, smoke and fire in the rooms of a town: physics, devices, incidents."""
