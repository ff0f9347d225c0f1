"""The product: users, channels, messages and their rules. Pure: it opens nothing and imports
nothing of ours; time, randomness, storage and fan-out are handed in."""
