"""Exchange with outside systems: cases in and out, signed webhooks to subscribers, export to a care platform."""
