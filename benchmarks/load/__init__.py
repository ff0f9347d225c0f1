"""The load generator: `load.c`, and what compiles it."""
