"""Everything that remembers or travels: PostgreSQL and Redis, behind the doors of the core."""
