"""The condition language: parser, type check, compiler. It imports nothing else of rules."""
