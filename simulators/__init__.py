"""0. SIMULATE: devices and message providers that behave like the real ones, with ground truth. Imports domain only."""
