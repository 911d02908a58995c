"""Pages of kits, their custody and the places that hold them."""
