"""What make bench computes without measuring."""
