"""The domain and the shipped policies, as Cedar, and the one way to ask them."""
