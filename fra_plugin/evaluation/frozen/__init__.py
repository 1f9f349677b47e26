"""The tasks that are solved with frozen features, and the classifiers and descriptors that they use."""
