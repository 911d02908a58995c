"""How the enumerations of rules.py become choices of a field."""


def choices(enum):
    """An enum of rules.py as Django's choices."""
    return [(member.value, member.value.replace("_", " ").capitalize()) for member in enum]
