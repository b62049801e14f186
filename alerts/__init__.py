"""4. TELL: Findings become people who answer."""
