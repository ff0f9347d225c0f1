"""Everything that listens or runs; composes the rest."""
