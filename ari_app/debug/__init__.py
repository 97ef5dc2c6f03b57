"""`ari-debug`: see what Asterisk and its ARI application really did.

Every command reads one kind of record (`record.Item`), from ariswitch's tap, from any Asterisk
(`attach`), from a capture or from a file; one filter language (`filters`) chooses among them.
"""
