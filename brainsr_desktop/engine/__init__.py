"""Recipe and slices in, slices out; runs in the engine process."""
