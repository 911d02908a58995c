"""Pages of people, roles, dogs, stations and the audit."""
