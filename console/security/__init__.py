"""Sessions, tokens, signatures, and what each role may see."""
