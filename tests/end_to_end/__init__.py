"""Whole servers as processes of their own, spoken to through real sockets, and killed."""
