"""Sign-in through allauth: nobody signs up, secrets are encrypted, its mails go through the outbox."""

from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.adapter import DefaultMFAAdapter

from safety_portal import encryption


class AccountAdapter(DefaultAccountAdapter):
    """Accounts are made by invitation only."""

    def is_open_for_signup(self, request):
        return False


class MFAAdapter(DefaultMFAAdapter):
    """TOTP secrets and the seed of recovery codes are encrypted at rest."""

    def encrypt(self, text):
        return encryption.encrypt(text, bound_to="mfa")

    def decrypt(self, encrypted_text):
        return encryption.decrypt(encrypted_text, bound_to="mfa")
