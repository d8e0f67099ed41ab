"""The event log: events, their fold, the store's contract and its engines."""
