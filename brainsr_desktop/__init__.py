"""BrainSR Desktop: brain MR super-resolution, original beside enhanced. A research tool."""

__version__ = "0.1.0"
