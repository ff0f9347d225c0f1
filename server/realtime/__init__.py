"""The live side of a node: where websockets enter, who is here, and what he is told."""
