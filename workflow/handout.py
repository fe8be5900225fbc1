"""The print of Coverage."""
