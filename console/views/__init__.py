"""Domain values as what the API answers with."""
