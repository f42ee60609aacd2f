"""Model cards, weights and networks."""
