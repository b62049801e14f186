"""The command line `fengshao`."""
