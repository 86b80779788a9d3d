"""The stack under load for a long time: killed and started again at random, or with the backlog of a day."""
