"""The pages of the app, by noun."""
