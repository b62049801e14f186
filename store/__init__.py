"""2. STORE: the journal (messages as received), the history (time series), the database (devices, people, alerts).

The only package that uses SQL.
"""
