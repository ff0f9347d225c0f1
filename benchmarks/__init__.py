"""Benchmarks of a running Parlance: each program prints a table and one line of JSON.

Rule: Linux only, and every rival runs in the same run, on the same core, in turns.
"""
