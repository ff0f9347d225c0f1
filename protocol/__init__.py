"""What people and machines say to each other: bytes in, frames out, no I/O."""
