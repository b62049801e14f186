"""The subset of Jinja that Home Assistant's discovery uses, parsed and evaluated without executing code."""
