"""Link previews: what pages on the internet say of themselves, fetched in the background.

Rule: nothing but `addresses.py` decides where a connection may go, and it decides on the address
that is then connected to.
"""
