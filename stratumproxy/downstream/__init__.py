"""A miner's connection: what it may say, where it mines, how it behaves."""
