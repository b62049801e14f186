"""What a text message from a worker's phone means: codes, the words of a grammar, and their trials."""
