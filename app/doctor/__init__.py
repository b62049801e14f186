"""`fengshao devices doctor`: which devices publish on a broker, what is decoded, and which lines to add."""
