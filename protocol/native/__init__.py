"""The native socket protocol, version 1 (docs/protocol.md): frames, codecs, connection state."""
