"""What is billed and reported: workers and what they did on each pool, and the sums of it."""
