"""What the REST API asks for, done on whichever node can do it.

One service each for calls, what runs beside them, recordings, conferences and queues: it looks
for the owner, lets this node's own service act when that is here, and sends an order otherwise.
The owner carries the order out by its own service, so that the answer is the same everywhere.
"""
