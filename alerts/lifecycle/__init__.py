"""The state machine of an alert: pure, and total."""
