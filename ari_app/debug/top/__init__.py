"""A live screen of all calls: `table` keeps what is known of each, `screen` shows it."""
