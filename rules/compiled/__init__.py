"""Rules compiled for one kind of device."""
