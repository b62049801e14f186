"""`fengshao up`: composition of the service and its process life cycle."""
