"""Learned regions and facial parts: whether they agree, and which is which."""
