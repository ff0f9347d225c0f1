"""The worker of a node: it takes up jobs, runs them in batches and ends them.

Rule: what a job does to the chat is an operation of the core; here files are read and written.
"""
