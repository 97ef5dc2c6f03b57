"""HTTP to customers: guarded, signed, bounded webhooks and persisted callbacks."""
