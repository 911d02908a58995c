"""Sign-in through allauth: nobody signs up, secrets are encrypted, its mails are rows. And the second person's proof."""

import uuid
from urllib.parse import urlsplit

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.auth_backends import AuthenticationBackend
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.template.loader import render_to_string
from django.utils import timezone
from redis import RedisError

from safety_portal import audit, encryption, outbox, proofs
from safety_portal.people import Account, Person
from safety_portal.proofs import ProofError

PROOF_MAX_LENGTH = 1000  # hashing a book would be work for an attacker's pleasure


def may_sign_in(account):
    """An account in use, of a person who has not left."""
    return account.is_active and account.person.left_on is None


class Backend(AuthenticationBackend):
    """Who is signed in: account, person and station in one query."""

    def user_can_authenticate(self, user):
        return may_sign_in(user)

    def get_user(self, user_id):
        whole = Account.objects.select_related("person__station__region__component")
        account = whole.filter(pk=user_id).first()
        return account if account and may_sign_in(account) else None


class AccountAdapter(DefaultAccountAdapter):
    """Accounts are made by invitation only; mails go out through the outbox."""

    def is_open_for_signup(self, request):
        return False

    def pre_login(self, request, user, **facts):
        # A password reset signs in past the backend, so who has left is stopped here too.
        if user.person.left_on is not None:
            return self.respond_user_inactive(request, user)
        return super().pre_login(request, user, **facts)

    def post_login(self, request, user, **facts):
        audit.record("account.signed_in", by=user.person, target=user.person)
        return super().post_login(request, user, **facts)

    def authentication_failed(self, request, **credentials):
        """A row for a known address only: what strangers type is not for the audit."""
        email = credentials.get("email", "")
        account = Account.objects.filter(email__iexact=email).select_related("person").first()
        if account:
            audit.record(
                "account.sign_in_failed", by=Person.objects.portal(), target=account.person
            )

    def send_notification_mail(self, template_prefix, user, context=None, email=None):
        """What allauth tells the owner of (password changed, code generator on or off) is an act like others."""
        kind = template_prefix.rpartition("/")[2]
        audit.record(f"account.{kind}", by=user.person, target=user.person)
        super().send_notification_mail(template_prefix, user, context, email)

    def get_reset_password_from_key_url(self, key):
        """Under the portal's own address: the request's Host header is the asker's word."""
        found = urlsplit(super().get_reset_password_from_key_url(key))
        return f"{settings.PUBLIC_URL}{found.path}"

    def send_mail(self, template_prefix, email, context):
        """Put allauth's mail into the outbox. Each is one of its own: a second reset is a second link."""
        facts = {"email": email, "site": settings.PUBLIC_URL, "request": self.request, **context}
        kind = template_prefix.rpartition("/")[2]
        recipient = Person.objects.filter(account__email__iexact=email).first()
        outbox.queue_mail(
            key=f"account:{kind}:{uuid.uuid4().hex}",
            kind=f"account.{kind}"[:40],
            to=email,
            recipient=recipient,
            subject=render_to_string(f"{template_prefix}_subject.txt", facts),
            body=render_to_string(f"{template_prefix}_message.txt", facts).strip() + "\n",
            now=timezone.now(),
        )


class MFAAdapter(DefaultMFAAdapter):
    """TOTP secrets and the seed of recovery codes are encrypted at rest.

    allauth does not say whose text it is, so it is bound to its purpose, not to the account.
    """

    def encrypt(self, text):
        return encryption.encrypt(text, bound_to="mfa")

    def decrypt(self, encrypted_text):
        return encryption.decrypt(encrypted_text, bound_to="mfa")


# --- the second person of an act ---------------------------------------------------------------------


def prove(*, person, secret, request):
    """The second person (receiver, witness) proves to be there, with their own secret, at another's session.

    Returns how: "password" or "totp". The session stays the first person's. Five wrong tries in five
    minutes and the next is refused. Raises ProofError. Ask before the act's transaction begins: the
    audit row of a wrong try would go with it.
    """
    account = Account.objects.select_related("person").filter(person=person).first()
    if account is None or not may_sign_in(account):
        raise ProofError(f"{person} has no account to prove it with.")
    key = f"proof:{person.pk}"
    if proofs.count_try(key) > proofs.TRIES:
        _refuse(request, person, "too many tries")
        raise ProofError("Too many wrong tries. Wait five minutes, then try again.")
    try:
        method = _method_of(account, secret)
    except RedisError as error:  # a code is good once, and the cache knows which were used
        raise ProofError(proofs.UNCHECKED) from error
    if method is None:
        _refuse(request, person, "wrong")
        raise ProofError(f"That is not the password or code of {person}.")
    proofs.forget_tries(key)
    return method


def _method_of(account, secret):
    """How the secret proves the account: "totp", "password" or None. A code counts once."""
    if not secret or len(secret) > PROOF_MAX_LENGTH:
        return None
    code = secret.replace(" ", "")
    if len(code) == 6 and code.isdecimal():
        totp = Authenticator.objects.filter(user=account, type=Authenticator.Type.TOTP).first()
        return "totp" if totp and totp.wrap().validate_code(code) else None
    return "password" if account.check_password(secret) else None


def _refuse(request, person, why):
    audit.record("proof.refused", by=request.person, target=person, why=why)
