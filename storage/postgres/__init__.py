"""The store of the core in PostgreSQL: plain SQL, one module per noun."""
