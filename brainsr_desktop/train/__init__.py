"""Training, fine-tuning and publishing of networks."""
