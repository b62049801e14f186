"""What people ask of rules: explanations, backtests, tables."""
