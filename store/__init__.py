"""2. REMEMBER: the journal (what was said), the history (time series), the ledger (devices, people, alerts).

Only here is SQL spoken.
"""
