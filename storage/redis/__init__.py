"""Fan-out between nodes through Redis (or Valkey) pub/sub. Nothing durable hangs on it."""
