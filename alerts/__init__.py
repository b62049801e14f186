"""4. ALERT: opens alerts for findings, notifies people and escalates until a person responds."""
