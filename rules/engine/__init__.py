"""The engine: readings and time in, findings out."""
