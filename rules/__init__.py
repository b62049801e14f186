"""3. EVALUATE: evaluates rules over readings and reports findings."""
