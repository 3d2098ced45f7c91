"""What good data look like."""
