"""What the bridge needs in a base of 1C, and the check of it."""
