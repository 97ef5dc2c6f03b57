"""``<Dial>``: from its nouns to legs that ring, the one who answers, and the bridge."""
