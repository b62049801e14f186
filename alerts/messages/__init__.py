"""What is said: texts, cards and timeline sentences, and the rows of the outbox that carry them."""
