"""The history in DuckDB."""
