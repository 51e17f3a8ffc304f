"""Where a text names a brand: folding, the forms of names worked out at load, and the search for them."""
