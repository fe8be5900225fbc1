"""Side-by-side timings against what a user would otherwise run; by hand, never in a test."""
