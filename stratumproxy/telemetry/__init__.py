"""What the data plane tells the world about itself: plain values, no behaviour."""
