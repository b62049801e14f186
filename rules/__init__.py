"""3. JUDGE: Readings become Findings."""
