"""Which miner mines on which session of which pool, and how a job gets to all of them."""
