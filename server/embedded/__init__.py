"""The embedded default: real PostgreSQL and Valkey servers from wheels, run as our children.

Everything here is synchronous and starts no thread: the supervisor process owns it.
"""
