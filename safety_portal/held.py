"""A form that was sent after its session ended: kept, encrypted, for the same account until they sign in again."""

from django.db import models

from safety_portal.people import Account


class HeldForm(models.Model):
    """What an account had typed when its session was found ended. Used once, dropped after an hour."""

    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="+")
    token = models.CharField(max_length=64, unique=True)
    path = models.CharField(max_length=500)
    sealed_fields = models.TextField()
    held_at = models.DateTimeField()

    def __str__(self):
        return f"held form for {self.path}"
