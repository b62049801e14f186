"""What is kept of devices, groups and gateways: plain data that is checkpointed."""
