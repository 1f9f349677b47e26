"""Checkpoints read without running code in them: tensors, plain values, and what a user allows by name."""
