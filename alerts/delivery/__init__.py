"""The outbox is sent: budget, leases, retries, and what a provider's answer changes."""
