"""Calls: one task a call that walks TwiML, the leg it holds, a module per verb."""
