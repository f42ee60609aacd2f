"""Pure numpy: geometry, series as plain data, resampling, degradation, metrics."""
