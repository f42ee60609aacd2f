"""What runs a network: interpolation, torch, OpenVINO."""
