"""The ledger: devices, people, alerts and everything else that changes and must be right. One transaction at a time."""
