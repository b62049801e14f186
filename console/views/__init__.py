"""Views: domain values as plain values of API responses."""
