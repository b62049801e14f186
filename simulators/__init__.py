"""0. PRETEND: devices and providers that talk like the real ones, with ground truth. Sees domain only."""
