"""Files too large for any form: what comes beyond the limit is dropped, and the field says how large it was."""

from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import RequestFactory

from safety_portal import widgets as w
from safety_portal.photos import MOST_A_FIELD
from safety_portal.pictures import MOST_BYTES


class OneFile(w.PortalForm):
    paper = w.FileField(max_size=1000)


def sent(size):
    file = SimpleUploadedFile("stock.csv", b"x" * size, "text/csv")
    return RequestFactory().post("/", {"paper": file}).FILES["paper"]


def test_a_file_within_the_limit_comes_whole(settings):
    settings.UPLOAD_MOST_BYTES = 200_000

    assert sent(200_000).read() == b"x" * 200_000


def test_of_one_beyond_the_limit_only_the_size_is_kept(settings):
    settings.UPLOAD_MOST_BYTES = 200_000

    file = sent(3_000_000)

    assert (file.size, file.name, file.read()) == (3_000_000, "stock.csv", b"")


def test_its_field_says_so(settings):
    settings.UPLOAD_MOST_BYTES = 200_000
    form = OneFile({}, {"paper": sent(30_000_000)})

    assert form.errors["paper"] == ["At most 0 MB; “stock.csv” has 30.0 MB."]


def test_every_photo_that_is_taken_fits(settings):
    assert settings.UPLOAD_MOST_BYTES >= MOST_BYTES
    assert settings.FILE_UPLOAD_MAX_MEMORY_SIZE >= MOST_A_FIELD * MOST_BYTES
