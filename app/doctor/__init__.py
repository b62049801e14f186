"""`fengshao devices doctor`: who publishes on a broker, what is understood, and which line to add."""
