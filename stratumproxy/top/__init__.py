"""What `stratumproxy top` is made of: the API asked, events followed, a page drawn, keys read."""
