"""The verbs, one file each: a frozen class, its description, its builder."""
