"""A fictitious agency to look around in: who works where, and fourteen months of what happened to its kits."""
