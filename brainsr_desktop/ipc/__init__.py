"""Child processes, messages and shared arrays."""
