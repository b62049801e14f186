"""`fengshao score`: a simulated town runs through the service, and what people were told is compared with the truth."""
