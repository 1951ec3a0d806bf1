"""Channels: each brings bytes and says where they came from.  What one must offer is in `protocol.py`."""
