"""Check, test, backtest and explain rules, in this process or in a worker process."""
