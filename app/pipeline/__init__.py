"""From a journal entry to readings, history, findings and alerts."""
