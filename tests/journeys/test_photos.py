"""Photos on a telephone: chosen one after the other, still there after an error elsewhere, sent, seen."""

import pytest
from django.contrib.sessions.models import Session

from safety_portal.photos import HeldPhoto, Photo
from tests.journeys.test_sign_in import person, sign_in
from tests.safety_portal import test_photos_field
from tests.safety_portal.picture import halves, saved, with_exif
from tests.safety_portal.test_photos import own_door

__all__ = ["own_door", "person"]
pytestmark = pytest.mark.journey


def file(name, content=None):
    content = content or with_exif(halves(1600, 1200), Orientation=6)
    return {"name": name, "mimeType": "image/jpeg", "buffer": content}


@pytest.fixture
def report_page(settings, own_door):
    """The portal with one page more: a report with photos."""
    settings.ROOT_URLCONF = test_photos_field.__name__


def choose(page, *files):
    page.get_by_label("Photos").set_input_files(list(files))


def chosen(page):
    """Names of what is chosen and not sent."""
    page.wait_for_function("() => !document.querySelector('[data-chosen]').hidden")
    return page.locator("[data-chosen] .portal-photos__name").all_inner_texts()


def shown(page, selector):
    """Whether each picture was loaded."""
    page.wait_for_load_state("networkidle")
    return page.locator(selector).evaluate_all("all => all.map(one => one.naturalWidth > 1)")


def fits(page):
    return page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def test_two_photos_survive_an_error_elsewhere(phone, person, report_page, axe):
    sign_in(phone, person)
    phone.goto("/report/")
    choose(phone, file("seal.jpg"))
    choose(phone, file("lock.jpg", saved(halves())))
    assert chosen(phone) == ["seal.jpg", "lock.jpg"]
    axe(phone)
    phone.get_by_role("button", name="Send the report").click()

    phone.get_by_text("2 chosen already").wait_for()
    assert shown(phone, "[data-held] img") == [True, True]
    assert not Photo.objects.exists()
    assert fits(phone)
    axe(phone)
    phone.get_by_label("Note").fill("Seal broken at the gate")
    phone.get_by_role("button", name="Send the report").click()

    phone.locator("main a img").first.wait_for()
    assert shown(phone, "main a img") == [True, True]
    assert [(p.width, p.height) for p in Photo.objects.order_by("pk")] == [(1200, 1600), (400, 300)]
    assert not HeldPhoto.objects.exists()
    axe(phone)


def test_a_photo_is_taken_off_before_and_after_it_was_sent(phone, person, report_page):
    sign_in(phone, person)
    phone.goto("/report/")
    choose(phone, file("seal.jpg"), file("lock.jpg"), file("wrong.jpg"))
    phone.get_by_role("button", name="Remove wrong.jpg").click()
    assert chosen(phone) == ["seal.jpg", "lock.jpg"]
    phone.get_by_role("button", name="Send the report").click()
    phone.get_by_text("Remove photo 1").click()
    phone.get_by_label("Note").fill("x")
    phone.get_by_role("button", name="Send the report").click()

    phone.locator("main a img").first.wait_for()
    assert Photo.objects.count() == 1


def test_what_is_too_much_is_said_before_the_upload(page, person, report_page, axe):
    sign_in(page, person)
    page.goto("/report/")
    large = saved(halves()) + b"\0" * 12_000_000
    choose(page, file("large.jpg", large), *[file(f"{n}.jpg") for n in range(5)])

    said = page.locator("[data-photos] [role=status]").inner_text()

    assert said == "More than 12 MB, left out: “large.jpg”. No more than 4, left out: “4.jpg”."
    assert chosen(page) == ["0.jpg", "1.jpg", "2.jpg", "3.jpg"]
    axe(page)


def test_a_photo_that_is_no_image_is_said_at_the_field(phone, person, report_page, axe):
    sign_in(phone, person)
    phone.goto("/report/")
    phone.get_by_label("Note").fill("Seal broken at the gate")
    choose(phone, file("seal.jpg"), file("minutes.jpg", b"Minutes of a meeting"))
    phone.get_by_role("button", name="Send the report").click()

    error = phone.locator("#id_photos_error")
    error.wait_for()
    assert "“minutes.jpg” is no photo. Choose a JPEG, PNG or WebP." in error.inner_text()
    assert phone.get_by_label("Note").input_value() == "Seal broken at the gate"
    assert phone.locator("[data-held]").count() == 1
    axe(phone)


def test_photos_survive_the_sessions_end(phone, person, report_page, axe):
    sign_in(phone, person)
    phone.goto("/report/")
    phone.get_by_label("Note").fill("Seal broken at the gate")
    choose(phone, file("seal.jpg"), file("lock.jpg"))
    Session.objects.all().delete()
    phone.get_by_role("button", name="Send the report").click()
    phone.get_by_label("Email").fill(person.account.email)
    phone.get_by_label("Password").fill("correct horse battery staple")
    phone.get_by_role("button", name="Sign in").click()
    phone.wait_for_url("**/held/**")

    assert "2 photos" in phone.locator("main").inner_text()
    axe(phone)
    phone.get_by_role("button", name="Send it now").click()

    phone.locator("main a img").first.wait_for()
    assert Photo.objects.count() == 2


def test_without_javascript_the_photos_are_there_too(open_page, person, report_page):
    page = open_page(390, 844, java_script_enabled=False)
    sign_in(page, person)
    page.goto("/report/")
    choose(page, file("seal.jpg"), file("lock.jpg"))
    page.get_by_role("button", name="Send the report").click()
    assert page.locator("[data-held]").count() == 2
    page.get_by_label("Note").fill("x")
    page.get_by_role("button", name="Send the report").click()

    assert page.locator("main a img").count() == 2
