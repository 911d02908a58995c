"""A form whose session ended: nothing typed is lost, nothing secret is kept, nobody else sees it."""

import datetime as dt
from html.parser import HTMLParser

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpResponse
from django.shortcuts import redirect
from django.template import engines
from django.test import Client
from django.urls import path
from django.utils import timezone

from safety_portal import held, urls
from safety_portal import widgets as w
from safety_portal.access import everyone
from safety_portal.held import HeldForm
from safety_portal.photos import HeldPhoto, hold_photo
from tests.naloxone import make
from tests.safety_portal.picture import upload

taken = []  # what the form below has taken
PAGE = """{% extends "base.html" %}{% load crispy_forms_tags %}
{% block content %}{% crispy form %}<div id="part" hx-post="/note/" hx-include="main form">Send a part</div>
{% endblock %}"""


class NoteForm(w.PortalForm):
    """A form with a bit of everything."""

    submit_label = "Write it down"

    note = w.TextField(label="Note", max_length=5000, lines=6)
    kits = w.CodesField(label="Kits", required=False)
    happened_at = w.MomentField(label="When", required=False)
    proof = w.PasswordField(label="Your password", required=False)
    paper = w.FileField(label="Paper", required=False)
    photos = w.PhotosField(required=False)


@everyone
def note(request):
    form = NoteForm(request.POST or None, request.FILES or None, person=request.person)
    if form.is_valid():
        taken.append(form.cleaned_data)
        return redirect("home")
    template = engines["django"].from_string(PAGE)
    return HttpResponse(template.render({"form": form, "title": "A note"}, request))


@everyone
def front(request):
    return HttpResponse("front page")


@everyone
def press(request):
    return HttpResponse("pressed")


urlpatterns = [
    path("note/", note, name="note"),
    path("press/", press),
    path("front/", front, name="home"),
    *[pattern for pattern in urls.urlpatterns if getattr(pattern, "name", "") != "home"],
]


@pytest.fixture(autouse=True)
def own_urls(settings):
    settings.ROOT_URLCONF = __name__
    taken.clear()


@pytest.fixture
def writer(db):
    return make.person()


def typed(person, **changes):
    facts = {
        "note": "Two sprays\r\ngiven, “stable” & breathing",
        "kits": "K-214\r\nK-215",
        "happened_at_0": "11/24/2026",
        "happened_at_1": "03:12",
        "request_key": "6f0f4b0e-9a5f-4a5e-8a7e-2f1b3f3f7a11",
        "form_owner": w.form_owner(person),
    }
    return facts | changes


def held_by(client, person, **changes):
    """Post as somebody whose session has ended; the held form."""
    client.post("/note/?from=there", typed(person, **changes))
    return HeldForm.objects.latest("pk")


def hidden_fields(html):
    """The names and values that “Send it now” sends."""

    class Reader(HTMLParser):
        def __init__(self):
            super().__init__()
            self.found = {}

        def handle_starttag(self, tag, attrs):
            facts = dict(attrs)
            if tag == "input" and facts.get("type") == "hidden":
                self.found.setdefault(facts["name"], []).append(facts["value"])

    reader = Reader()
    reader.feed(html)
    return reader.found


def test_what_was_typed_is_kept_and_sign_in_leads_to_it(client, writer):
    answer = client.post("/note/?from=there", typed(writer))

    kept = HeldForm.objects.get()
    assert answer.url == f"/accounts/login/?next=%2Fheld%2F{kept.token}%2F"
    assert (kept.account, kept.path) == (writer.account, "/note/?from=there")
    assert "What you typed is kept" in client.get(answer.url).content.decode()
    assert taken == []


def test_after_signing_in_it_is_shown_and_sent_whole(client, writer):
    kept = held_by(client, writer)
    client.force_login(writer.account)

    page = client.get(f"/held/{kept.token}/").content.decode()
    for text in ("Note", "given, “stable” &amp; breathing", "Happened at", "11/24/2026, 03:12"):
        assert text in page
    client.post(kept.path, hidden_fields(page))

    (facts,) = taken
    assert facts["note"].splitlines() == ["Two sprays", "given, “stable” & breathing"]
    assert facts["kits"] == ["K-214", "K-215"]
    assert str(facts["request_key"]) == "6f0f4b0e-9a5f-4a5e-8a7e-2f1b3f3f7a11"
    assert client.get(f"/held/{kept.token}/").status_code == 404


def test_it_can_be_opened_in_its_form_and_does_nothing_there(client, writer):
    kept = held_by(client, writer)
    client.force_login(writer.account)
    page = client.get(f"/held/{kept.token}/").content.decode()
    assert f'name="{held.LOOKING}"' in page

    form = client.post(kept.path, hidden_fields(page) | {held.LOOKING: "held"}).content.decode()

    assert "given, “stable” &amp; breathing" in form
    assert 'value="03:12"' in form
    assert taken == []
    assert not HeldForm.objects.exists()


def test_it_stays_until_the_form_was_taken(client, writer, monkeypatch):
    kept = held_by(client, writer)
    client.force_login(writer.account)

    def broken(form):
        raise held.encryption.EncryptionError

    client.raise_request_exception = False
    with monkeypatch.context() as patch:
        patch.setattr(NoteForm, "is_valid", broken)
        assert client.post(kept.path, typed(writer, held_form=kept.token)).status_code == 500

    assert HeldForm.objects.filter(pk=kept.pk).exists()


def test_secrets_and_files_that_are_no_photo_are_never_kept(client, writer):
    paper = SimpleUploadedFile("delivery.pdf", b"text of the paper")
    secrets = {
        "proof": "correct horse",
        "old_password": "battery",
        "code": "123456",
        "x-secret": "s3",
    }

    kept = held_by(client, writer, paper=paper, csrfmiddlewaretoken="csrf-token", **secrets)

    for secret in (*secrets.values(), "csrf-token", "text of the paper"):
        assert secret not in str(kept.kept.fields)
    assert set(kept.kept.missing) == {"Proof", "Old password", "Code", "Secret", "Paper"}
    assert dict(kept.kept.fields)["kits"] == ["K-214\r\nK-215"]

    client.force_login(writer.account)
    page = client.get(f"/held/{kept.token}/").content.decode()
    assert "To be given again" in page
    assert "files that are no photo are never kept" in page
    assert "Old password" in page


def test_photos_are_held_with_the_form_and_sent_with_it(client, writer):
    earlier = hold_photo(file=upload(), now=timezone.now(), by=writer)
    chosen = {"_held_photos": ["", earlier.token], "photos": [upload(), upload(b"no photo")]}

    kept = held_by(client, writer, **chosen)

    assert len(kept.kept.photos) == HeldPhoto.objects.filter(person=writer).count() == 2
    assert kept.kept.photos[0] == earlier.token
    assert ("Photos", "2 photos") in kept.kept.typed
    assert kept.kept.missing == ["Photos"]
    client.force_login(writer.account)
    page = client.get(f"/held/{kept.token}/").content.decode()
    assert "2 photos" in page
    client.post(kept.path, hidden_fields(page))
    (facts,) = taken
    assert [photo.token for photo in facts["photos"]] == kept.kept.photos


def test_a_fifth_photo_of_a_form_that_came_too_late_is_to_be_given_again(client, writer):
    kept = held_by(client, writer, _held_photos="", photos=[upload() for _ in range(5)])

    assert len(kept.kept.photos) == 4
    assert kept.kept.missing == ["Photos"]


def test_a_form_without_photos_says_nothing_of_them(client, writer):
    kept = held_by(client, writer, _held_photos="")

    assert "Photos" not in dict(kept.kept.typed)
    assert kept.kept.photos == []


def test_what_was_typed_does_not_lie_open_in_the_table(client, writer):
    kept = held_by(client, writer)

    assert kept.sealed_fields.startswith("demo.")
    assert "sprays" not in kept.sealed_fields + str(kept)


def test_another_account_finds_nothing(client, writer):
    kept = held_by(client, writer)
    client.force_login(make.person().account)

    assert client.get(f"/held/{kept.token}/").status_code == 404
    assert client.post(f"/held/{kept.token}/").status_code == 404
    client.post("/press/", {"held_form": kept.token})
    assert HeldForm.objects.filter(pk=kept.pk).exists()


def test_it_can_be_discarded_with_its_photos(client, writer):
    kept = held_by(client, writer, _held_photos="", photos=upload())
    assert HeldPhoto.objects.exists()
    client.force_login(writer.account)

    assert client.post(f"/held/{kept.token}/").url == "/front/"
    assert not HeldForm.objects.exists()
    assert not HeldPhoto.objects.exists()
    assert taken == []


def test_after_an_hour_it_is_shown_no_more_and_the_next_one_sweeps_it_away(client, writer):
    kept = held_by(client, writer)
    HeldForm.objects.update(held_at=timezone.now() - dt.timedelta(hours=1, seconds=1))

    client.force_login(writer.account)
    assert client.get(f"/held/{kept.token}/").status_code == 404
    held_by(Client(), make.person())
    assert not HeldForm.objects.filter(pk=kept.pk).exists()


def test_an_account_keeps_ten_and_the_newest_of_them(client, writer):
    first = held_by(client, writer)
    other = held_by(client, make.person())
    for _ in range(held.KEPT_AN_ACCOUNT):
        held_by(client, writer)

    assert HeldForm.objects.filter(account=writer.account).count() == held.KEPT_AN_ACCOUNT
    assert not HeldForm.objects.filter(pk=first.pk).exists()
    assert HeldForm.objects.filter(pk=other.pk).exists()


@pytest.mark.parametrize("owner", ["", "1:forged", None])
def test_without_a_signed_owner_nothing_is_kept_and_that_is_said(client, writer, owner):
    facts = typed(writer, form_owner=owner) if owner is not None else {"note": "x"}

    answer = client.post("/note/", facts, HTTP_REFERER="http://testserver/note/?page=2")

    assert answer.url == "/accounts/login/?next=%2Fnote%2F%3Fpage%3D2"
    assert "nothing was done" in client.get(answer.url).content.decode()
    assert not HeldForm.objects.exists()


def test_the_way_back_leads_to_no_other_site(client, db):
    answer = client.post("/press/", HTTP_REFERER="https://elsewhere.example/note/")

    assert answer.url == "/accounts/login/?next=%2F"


def test_nothing_is_kept_for_an_account_out_of_use(client, writer):
    writer.account.is_active = False
    writer.account.save()
    client.post("/note/", typed(writer))

    assert not HeldForm.objects.exists()


def test_an_address_too_long_to_keep_is_not_cut_short(client, writer):
    client.post("/note/?q=" + "x" * 600, typed(writer))

    assert not HeldForm.objects.exists()


def test_the_forms_owner_is_found_under_a_prefix(client, writer):
    facts = {"second-note": "x", "second-form_owner": w.form_owner(writer)}
    client.post("/note/", facts)

    kept = HeldForm.objects.get().kept
    assert (kept.fields, kept.typed) == ([["second-note", ["x"]]], [("Note", "x")])


# --- htmx ------------------------------------------------------------------------------------------


def test_htmx_is_sent_to_sign_in_as_a_whole_page(client, writer):
    answer = client.post("/note/", typed(writer), headers={"HX-Request": "true"})

    kept = HeldForm.objects.get()
    assert (answer.status_code, answer["HX-Redirect"]) == (
        200, f"/accounts/login/?next=%2Fheld%2F{kept.token}%2F",
    )  # fmt: skip


def test_a_part_that_htmx_asks_for_leads_back_to_its_page(client, db):
    here = {"HX-Request": "true", "HX-Current-URL": "http://testserver/note/?a=1"}
    answer = client.get("/press/", headers=here)

    assert answer["HX-Redirect"] == "/accounts/login/?next=%2Fnote%2F%3Fa%3D1"


# --- signed in anew, with a form of before ------------------------------------------------------------


def test_a_form_of_before_a_new_sign_in_is_kept_and_shown_at_once(writer):
    client = Client(enforce_csrf_checks=True)
    client.force_login(writer.account)

    answer = client.post("/note/", typed(writer, csrfmiddlewaretoken="of another session"))

    assert answer.url == f"/held/{HeldForm.objects.get().token}/"
    assert taken == []


def test_a_form_of_another_account_is_not_taken(client, writer):
    client.force_login(make.person().account)

    answer = client.post("/note/", typed(writer))

    assert answer.status_code == 403
    assert "Please send the form again" in answer.content.decode()
    assert not HeldForm.objects.exists()
    assert taken == []


def test_a_form_without_token_and_owner_is_refused_in_words(writer):
    client = Client(enforce_csrf_checks=True)

    answer = client.post("/accounts/login/", {"login": "x"})

    assert answer.status_code == 403
    assert "Nothing was saved" in answer.content.decode()
