"""Every check of every system, in one table."""
