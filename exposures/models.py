"""Scenes, exposures, verification, causes and corrective actions."""
