"""Physics and ordinary behaviour of devices."""
