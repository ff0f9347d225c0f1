"""The published chat APIs that Parlance speaks, one package each; none knows another."""
