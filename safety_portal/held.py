"""A form that was sent after its session ended: kept, encrypted, for the same account until they sign in again."""

import datetime as dt
import json
import re
import secrets
from typing import NamedTuple
from urllib.parse import urlencode, urlsplit

from django.contrib import messages
from django.db import models, transaction
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from safety_portal import encryption, photos
from safety_portal.access import TERMINAL, everyone
from safety_portal.people import Account
from safety_portal.pictures import PhotoError
from safety_portal.widgets import form_owner, owner_of
from safety_portal.widgets.form import LOOKING
from safety_portal.widgets.photos import HELD, count

KEPT_FOR = dt.timedelta(hours=1)
KEPT_AN_ACCOUNT = 10  # the eleventh pushes out the oldest
# Parts of a field's name that make it a secret: typed anew, never kept. “codes” are of kits and stay.
SECRET_PARTS = {
    "password", "password1", "password2", "oldpassword", "passphrase", "secret", "code", "pin",
    "proof", "token", "csrfmiddlewaretoken",
}  # fmt: skip
# Sent with every form and nothing that anybody typed.
FORM_OWNER, HELD_FORM, REQUEST_KEY = "form_owner", "held_form", "request_key"


class HeldFormQuerySet(models.QuerySet):
    def kept_for(self, person, now):
        """What waits for this person and is not too old."""
        return self.filter(account__person=person, held_at__gt=now - KEPT_FOR)


class HeldForm(models.Model):
    """What an account had typed when its session was found ended. Used once, dropped after an hour."""

    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="+")
    token = models.CharField(max_length=64, unique=True)
    path = models.CharField(max_length=500)
    sealed_fields = models.TextField()
    held_at = models.DateTimeField()

    objects = HeldFormQuerySet.as_manager()

    def __str__(self):
        return f"held form for {self.path}"

    @property
    def kept(self):
        """What was typed: a Kept; raises EncryptionError."""
        return Kept(
            *json.loads(encryption.decrypt(self.sealed_fields, bound_to=f"held.{self.token}"))
        )


class Kept(NamedTuple):
    """The fields of a form as they were sent, and the names of those that were left out."""

    fields: list  # of [name, [value, …]]
    left_out: list

    @property
    def typed(self):
        """(label, text) for each thing that a person wrote; parts of one answer (day and time) together."""
        found = {}
        for name, values in self.fields:
            if not is_ours(name):
                found.setdefault(label_of(name), []).extend(v for v in values if v.strip())
            elif name.startswith(HELD) and any(values):
                found[label_of(name.removeprefix(HELD))] = [count(len(list(filter(None, values))))]
        return [(label, ", ".join(values)) for label, values in found.items() if values]

    @property
    def photos(self):
        """Tokens of the held photos."""
        return [v for name, values in self.fields if name.startswith(HELD) for v in values if v]

    @property
    def missing(self):
        """Labels of what has to be typed or chosen again."""
        return list(dict.fromkeys(map(label_of, self.left_out)))


def is_ours(name):
    """Whether a field belongs to the form's works (request key, owner, a pressed button, held photos)."""
    return name.startswith("_") or name.rpartition("-")[2] in (FORM_OWNER, HELD_FORM, REQUEST_KEY)


def is_secret(name):
    return not SECRET_PARTS.isdisjoint(re.split(r"[-_]", name.lower()))


def label_of(name):
    """“expires_on_0” → “Expires on”: the name in words, without the part's number."""
    words = re.sub(r"_(\d+|text)$", "", name.rpartition("-")[2]).replace("_", " ").strip()
    return words[:1].upper() + words[1:]


def owner_in(post):
    """The person's key that the form was made for, or None; the form may have a prefix."""
    for name in post:
        if name.rpartition("-")[2] == FORM_OWNER and (owner := owner_of(post[name])):
            return owner
    return None


# --- verbs ---------------------------------------------------------------------------------------


def hold_photos(*, account, post, files, now):
    """Hold the photos that came with a form. Returns the form with their tokens, and the names of what is left out."""
    post, left_out = post.copy(), []
    for name in files:
        # A field of photos always sends this name; any other file has to be given again.
        most = photos.MOST_A_FIELD if HELD + name in post else 0
        for place, file in enumerate(files.getlist(name)):
            try:
                if place >= most:
                    raise PhotoError("One too many, or no field of photos.")
                held = photos.hold_photo(file=file, now=now, by=account.person)
                post.appendlist(HELD + name, held.token)
            except PhotoError:
                left_out.append(name)
    return post, left_out


@transaction.atomic
def hold_form(*, account, path, post, files, now):
    """Keep what was sent, for this account. Returns the HeldForm. Secrets are not kept, nor `files` (names)."""
    HeldForm.objects.filter(held_at__lte=now - KEPT_FOR).delete()
    mine = HeldForm.objects.filter(account=account).order_by("-held_at", "-pk")
    HeldForm.objects.filter(
        pk__in=list(mine.values_list("pk", flat=True)[KEPT_AN_ACCOUNT - 1 :])
    ).delete()
    fields = [
        (name, values)
        for name, values in post.lists()
        if not is_secret(name) and name.rpartition("-")[2] not in (FORM_OWNER, HELD_FORM)
    ]
    secret = [name for name in post if is_secret(name) and name != "csrfmiddlewaretoken"]
    token = secrets.token_urlsafe(32)
    sealed = encryption.encrypt(json.dumps([fields, [*secret, *files]]), bound_to=f"held.{token}")
    return HeldForm.objects.create(
        account=account, token=token, path=path, sealed_fields=sealed, held_at=now
    )


def drop_used(request):
    """The form was sent again and taken: it is no longer kept."""
    if token := request.POST.get(HELD_FORM):
        HeldForm.objects.filter(token=token, account__person=request.person).delete()


# --- answers to a form that comes too late ------------------------------------------------------------


def go_to(request, url):
    """A redirect; for htmx one of the whole page, or the answer would be swapped into a part of it."""
    if request.headers.get("HX-Request") == "true":
        return HttpResponse(headers={"HX-Redirect": url})
    return redirect(url)


def sign_in(request, then):
    return go_to(request, f"{reverse('account_login')}?{urlencode({'next': then})}")


def hold_post(request):
    """Keep a form that can't be taken now and answer with the way to it; None when it can't be kept.

    Only for whom the form was made, who are signed out or have signed in anew. The owner's name in the
    form is signed, so nobody can put a form before somebody else. Nothing of a counter terminal's is kept.
    """
    if getattr(request.resolver_match.func, "needs", None) == TERMINAL:
        return None
    owner = owner_in(request.POST)
    if owner is None or (request.person and request.person.pk != owner):
        return None
    path = request.get_full_path()
    account = Account.objects.filter(person=owner, is_active=True).first()
    if account is None or len(path) > HeldForm._meta.get_field("path").max_length:
        return None
    now = timezone.now()
    post, left_out = hold_photos(account=account, post=request.POST, files=request.FILES, now=now)
    held = hold_form(account=account, path=path, post=post, files=left_out, now=now)
    where = reverse("held_form", args=[held.token])
    if request.person:
        return go_to(request, where)
    messages.warning(
        request, "Your session had ended. What you typed is kept: sign in, then send it again."
    )
    return sign_in(request, where)


def nothing_kept(request):
    """The way to sign-in for a press of a button after the session's end, and back to its page."""
    messages.warning(
        request, "Your session had ended, and nothing was done. Sign in and try again."
    )
    return sign_in(request, page_before(request))


def page_before(request):
    """The page of ours that a request came from, as a path; else the front page."""
    before = request.headers.get("HX-Current-URL") or request.headers.get("Referer", "")
    parts = urlsplit(before)
    if parts.netloc != request.get_host():
        return "/"
    return parts.path + (f"?{parts.query}" if parts.query else "")


@everyone
@require_http_methods(["GET", "HEAD", "POST"])
def held_form(request, token):
    """What was typed before the session ended: send it now, or discard it."""
    mine = HeldForm.objects.kept_for(request.person, timezone.now())
    held = get_object_or_404(mine, token=token)
    if request.method == "POST":
        photos.let_go(tokens=held.kept.photos, by=request.person)
        held.delete()
        messages.info(request, "What you had typed is discarded.")
        return redirect("home")
    context = {
        "title": "Send what you typed?",
        "narrow": True,
        "held": held,
        "kept": held.kept,
        "owner": form_owner(request.person),
        "until": held.held_at + KEPT_FOR,
        # A form that is only asked for a look-up's results comes back filled in and does nothing.
        "looking": LOOKING,
    }
    return render(request, "held_form.html", context)
