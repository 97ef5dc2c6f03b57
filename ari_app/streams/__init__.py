"""The app's side of the stream workers: picking one, opening streams, hearing of them."""
