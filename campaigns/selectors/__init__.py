"""Reading campaigns, by noun."""
