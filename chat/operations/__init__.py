"""What can be done, noun by noun: check, decide, store, and after the commit tell.

Rule: an event is published after the transaction that made it, with no await in between, so that
a cancelled caller leaves nothing half told.
"""
