"""The field of photos: what is chosen survives every answer but success, and what is wrong is said at the field."""

import re

import pytest
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import redirect
from django.template import engines
from django.urls import path

from naloxone.forms.base import CustodyForm
from safety_portal import urls
from safety_portal import widgets as w
from safety_portal.access import everyone
from safety_portal.photos import HeldPhoto, Photo, PhotoError
from tests.naloxone import make
from tests.safety_portal.picture import halves, saved, upload
from tests.safety_portal.test_photos import files, held, hours_ago, own_door, send_report, writer

__all__ = ["own_door", "writer"]
PAGE = """{% extends "base.html" %}{% load crispy_forms_tags %}
{% block content %}{% crispy form %}{% include "components/photos.html" with photos=kept only %}{% endblock %}"""


class ReportForm(w.PortalForm):
    submit_label = "Send the report"

    note = w.TextField(label="Note", max_length=200)
    place = w.LookUpField(label="Place", required=False)
    photos = w.PhotosField(required=False)


@everyone
def report(request):
    form = ReportForm(request.POST or None, request.FILES or None, person=request.person)
    if form.is_valid():
        told = form.cleaned_data
        try:
            send_report(note=told["note"], uploads=told["photos"], by=request.person)
        except PhotoError as error:
            form.add_rule_error(error)
        else:
            return redirect("report")
    page = engines["django"].from_string(PAGE)
    kept = Photo.objects.order_by("pk")
    return HttpResponse(page.render({"form": form, "title": "A report", "kept": kept}, request))


urlpatterns = [path("report/", report, name="report"), *urls.urlpatterns]


@pytest.fixture(autouse=True)
def own_urls(settings):
    settings.ROOT_URLCONF = __name__


def send(client, *uploads, note="Seen at the gate", **facts):
    return client.post("/report/", {"note": note, "photos": list(uploads), **facts})


def tokens_in(answer):
    """The held photos that a form came back with."""
    return re.findall(r'name="_held_photos" value="(\w+)"', answer.content.decode())


@pytest.fixture
def signed_in(client, writer):
    client.force_login(writer.account)
    return client


def test_a_form_that_is_whole_keeps_its_photos(signed_in, media):
    assert send(signed_in, upload(), upload(name="lock.jpg")).status_code == 302

    assert Photo.objects.count() == 2
    assert not HeldPhoto.objects.exists()
    page = signed_in.get("/report/").content.decode()
    for photo in Photo.objects.all():
        assert f'href="{photo.url}"' in page
        assert f'src="{photo.small_url}"' in page


def test_an_error_at_another_field_keeps_the_photos_that_were_chosen(signed_in):
    answer = send(signed_in, upload(), upload(name="lock.jpg"), note="")

    assert not Photo.objects.exists()
    tokens = tokens_in(answer)
    assert len(tokens) == 2
    for token in tokens:
        assert f'src="/held-photos/{token}/"' in answer.content.decode()
    assert send(signed_in, _held_photos=tokens).status_code == 302
    assert [photo.token for photo in Photo.objects.order_by("pk")] == tokens


def test_a_rule_that_says_no_keeps_them_too(signed_in):
    answer = send(signed_in, upload(), note="impossible")

    assert "The rules say no." in answer.content.decode()
    assert len(tokens_in(answer)) == 1


def test_finding_without_javascript_loses_no_photo(signed_in):
    answer = send(signed_in, upload(), upload(b"minutes"), _look_up="place")

    assert len(tokens_in(answer)) == 1
    assert "“seal.jpg” is no photo" in answer.content.decode()
    assert "Fill this in" not in answer.content.decode()
    assert not Photo.objects.exists()


def test_a_file_that_is_no_photo_is_said_at_the_field_and_the_good_one_stays(signed_in, media):
    answer = send(signed_in, upload(b"minutes", "minutes.jpg"), upload())

    page = answer.content.decode()
    error = page[page.index('id="id_photos_error"') :]
    assert "“minutes.jpg” is no photo. Choose a JPEG, PNG or WebP." in error
    assert 'value="Seen at the gate"' in page
    assert len(tokens_in(answer)) == len(files(media)) == 1
    assert not Photo.objects.exists()


def test_a_fifth_photo_is_left_out_by_name(signed_in):
    chosen = [upload(name=f"{number}.jpg") for number in range(1, 6)]

    answer = send(signed_in, *chosen)

    assert "At most 4 photos. Left out: “5.jpg”." in answer.content.decode()
    assert len(tokens_in(answer)) == 4


def test_what_is_removed_goes_and_makes_room(signed_in, media, django_capture_on_commit_callbacks):
    chosen = [upload(name=f"{number}.jpg") for number in range(4)]
    tokens = tokens_in(send(signed_in, *chosen, note=""))

    with django_capture_on_commit_callbacks(execute=True):
        answer = send(
            signed_in, upload(), _held_photos=["", *tokens], _remove_photos=tokens[:1], note=""
        )

    assert tokens_in(answer)[:3] == tokens[1:]
    assert len(tokens_in(answer)) == 4
    assert tokens[0] not in files(media)


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (1, "A photo chosen before is held no longer. Choose it again."),
        (2, "2 photos chosen before are held no longer. Choose them again."),
    ],
)
def test_a_photo_that_is_held_no_longer_is_not_lost_in_silence(signed_in, writer, number, said):
    old = [held(writer, now=hours_ago(25)).token for _ in range(number)]

    answer = send(signed_in, _held_photos=old)

    assert said in answer.content.decode()
    assert tokens_in(answer) == []


def test_anothers_held_photo_can_not_be_sent(signed_in):
    foreign = held(make.person())

    answer = send(signed_in, _held_photos=foreign.token)

    assert "is held no longer" in answer.content.decode()
    assert not Photo.objects.exists()


def test_a_form_sent_twice_reaches_its_action_both_times(writer):
    one = held(writer)
    data = {"note": "x", "_held_photos": one.token}
    first = ReportForm(data, person=writer)
    assert first.is_valid()
    send_report(note="x", uploads=first.cleaned_data["photos"], by=writer)

    second = ReportForm(data, person=writer)

    assert second.is_valid()
    assert second.cleaned_data["photos"] == [Photo.objects.get()]


def test_more_held_photos_than_fit_are_counted(writer):
    form = ReportForm({"note": "x", "_held_photos": "none"}, person=writer, prefix=None)
    tokens = [held(writer).token for _ in range(6)]

    _, faults = form.fields["photos"].hold(w.Sent([], tokens, []))

    assert faults == ["At most 4 photos. Left out: 2 photos chosen before."]


def test_a_field_that_wants_a_photo_says_so_and_takes_a_held_one(writer):
    field = w.PhotosField(most=1)
    field.person = writer
    one = held(writer)

    with pytest.raises(ValidationError, match="Add a photo"):
        field.clean(w.Sent([], [], []))
    assert field.clean(w.Sent([], [one.token], [])) == [one]
    assert field.help_text.startswith("JPEG, PNG or WebP of at most 12 MB.")
    assert not field.widget.attrs["multiple"]
    assert field.has_changed(None, w.Sent([], [one.token], []))
    assert not field.has_changed(None, w.Sent([], [], []))


def test_a_field_of_photos_under_a_prefix_finds_its_own(writer):
    one = held(writer)

    form = ReportForm({"a-note": "x", "_held_a-photos": one.token}, person=writer, prefix="a")

    assert form.is_valid()
    assert form.cleaned_data["photos"] == [one]


def test_a_field_that_a_form_adds_later_is_sent_with_its_files(writer):
    form = CustodyForm(person=writer)

    form.add_field("photos", w.PhotosField())

    assert form.helper.attrs["enctype"] == "multipart/form-data"
    assert form.fields["photos"].person == writer


def test_a_large_photo_does_not_lie_open_in_the_temporary_folder(signed_in, settings, tmp_path):
    settings.FILE_UPLOAD_TEMP_DIR = tmp_path / "is not there"
    whole = saved(halves())

    answer = send(signed_in, upload(whole + b"\0" * (12_000_000 - len(whole))))

    assert answer.status_code == 302


def test_an_act_on_kits_shows_the_refusal_of_a_photo_at_its_field(writer):
    form = CustodyForm({}, person=writer)
    form.add_field("photos", w.PhotosField(required=False))

    def act(**facts):
        raise PhotoError("A photo is held no longer. Choose it again.")

    assert not form.carry_out(act)
    assert form.errors == {"photos": ["A photo is held no longer. Choose it again."]}
