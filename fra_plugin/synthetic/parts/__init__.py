"""The parts of a drawn face, one a file: each draws itself on the canvas."""
