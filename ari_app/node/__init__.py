"""Running a node: Asterisk, the stream workers and the app under one supervisor."""
