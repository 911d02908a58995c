"""Requirements, certificates, fit tests, PPE and outreach."""
