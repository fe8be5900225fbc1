"""What people do: one use case a function, checked, done and recorded in one transaction."""
