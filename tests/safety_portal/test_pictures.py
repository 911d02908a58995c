"""What is taken for a photo, what is left of it, and what is said of everything else."""

import random
from io import BytesIO

import pytest
from PIL import Image

from safety_portal import pictures
from safety_portal.pictures import PhotoError, read_picture, shrink
from tests.safety_portal.picture import BLUE, RED, halves, saved, upload, with_exif


def opened(found):
    return Image.open(BytesIO(found.jpeg))


def near(image, place, colour):
    """Whether a pixel has about this colour; JPEG never keeps it quite."""
    return all(
        abs(a - b) < 12 for a, b in zip(image.convert("RGB").getpixel(place), colour, strict=True)
    )


def said_of(content, name="seal.jpg"):
    with pytest.raises(PhotoError) as caught:
        read_picture(upload(content, name))
    assert caught.value.field == "photos"
    return str(caught.value)


# --- what is taken ----------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_each_format_becomes_a_jpeg_of_the_same_picture(kind):
    found = read_picture(upload(saved(halves(), kind)))

    assert (opened(found).format, found.width, found.height) == ("JPEG", 400, 300)
    assert near(opened(found), (50, 150), RED)
    assert near(opened(found), (350, 150), BLUE)


def test_the_two_pictures_of_a_phones_two_lenses_become_the_first():
    content = saved(halves(), "MPO", save_all=True, append_images=[Image.new("RGB", (400, 300))])

    assert near(opened(read_picture(upload(content))), (50, 150), RED)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "CMYK", "I;16"])
def test_every_kind_of_pixel_is_taken(mode):
    image = Image.new("I;16", (40, 30), 40_000) if mode == "I;16" else None
    image = image or Image.new("L", (40, 30), 156).convert(mode)
    shade = 0 if mode == "1" else 156

    found = opened(read_picture(upload(saved(image, "JPEG" if mode == "CMYK" else "PNG"))))

    assert found.mode == "RGB"
    if mode != "1":  # a black-and-white one is dithered
        assert near(found, (20, 15), (shade, shade, shade))


def test_what_was_transparent_is_white():
    found = read_picture(upload(saved(Image.new("RGBA", (40, 30), (0, 0, 0, 0)), "PNG")))

    assert near(opened(found), (20, 15), (255, 255, 255))


def test_the_longest_side_becomes_2000():
    found = read_picture(upload(saved(halves(4032, 3024))))

    assert (found.width, found.height) == opened(found).size == (2000, 1500)


def test_a_small_one_is_not_made_larger():
    assert read_picture(upload(saved(halves(40, 30))))[1:] == (40, 30)


def test_the_thumbnail_of_a_photo_is_small():
    found = opened(read_picture(upload(saved(halves(4032, 3024)))))

    small = Image.open(BytesIO(shrink(saved(found))))

    assert small.size == (320, 240)
    assert near(small, (40, 120), RED)


def test_twelve_megabytes_are_taken():
    whole = saved(halves())
    content = whole + b"\0" * (12_000_000 - len(whole))

    assert read_picture(upload(content)).width == 400


# --- what is left of it ------------------------------------------------------------------------------


def test_place_owner_and_comment_are_gone():
    content = with_exif(halves(), Artist="Robin Example", Make="Phone")
    assert b"Robin Example" in content
    assert Image.open(BytesIO(content)).getexif().get_ifd(0x8825)

    found = read_picture(upload(content))

    assert b"Robin Example" not in found.jpeg
    assert b"Exif" not in found.jpeg
    assert set(opened(found).info) <= {"jfif", "jfif_version", "jfif_unit", "jfif_density"}


@pytest.mark.parametrize(
    ("orientation", "red_at", "size"),
    [
        (1, (50, 150), (400, 300)),
        (3, (350, 150), (400, 300)),
        (6, (150, 50), (300, 400)),
        (8, (150, 350), (300, 400)),
    ],
)
def test_a_phone_held_any_way_gives_an_upright_photo(orientation, red_at, size):
    found = read_picture(upload(with_exif(halves(), Orientation=orientation)))

    assert opened(found).size == (found.width, found.height) == size
    assert near(opened(found), red_at, RED)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_a_page_hidden_behind_a_picture_does_not_come_along(kind):
    found = read_picture(upload(saved(halves(), kind) + b"<script>alert(1)</script>"))

    assert b"script" not in found.jpeg


# --- what is refused -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "content",
    [
        b"Minutes of the meeting",
        b"<!doctype html><script>alert(1)</script>",
        b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>',
        saved(halves(), "GIF"),
        b"GIF89a/*" + b"<script>alert(1)</script>",
        saved(halves(), "TIFF"),
        b"%PDF-1.7",
        b"\0" * 64,
    ],
)
def test_what_only_has_the_name_of_a_photo_is_refused(content):
    assert said_of(content) == "“seal.jpg” is no photo. Choose a JPEG, PNG or WebP."


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("share", [0.2, 0.9])
def test_a_photo_that_came_only_in_part_is_refused(kind, share):
    noise = Image.effect_noise((400, 300), 60).convert("RGB")
    content = saved(noise, kind)

    assert said_of(content[: int(len(content) * share)]) == (
        "“seal.jpg” is damaged or came only in part. Choose it again, or another."
    )


def test_a_png_whose_sums_are_wrong_is_refused():
    content = bytearray(saved(halves(), "PNG"))
    content[60] ^= 1

    assert "is damaged" in said_of(bytes(content))


@pytest.mark.parametrize("side", [4_500, 8_000, 12_000, 40_000])
def test_a_small_file_of_huge_dimensions_is_refused_unread(side):
    # 4,500 × 4,500 is refused as a PNG only, 8,000 × 8,000 warns, 40,000 × 40,000 fails in Pillow itself.
    content = saved(Image.new("1", (side, side)), "PNG")
    assert len(content) < 300_000

    assert said_of(content) == (
        "“seal.jpg” has too many pixels. Take it again at a lower resolution, or choose another."
    )


def test_a_jpeg_may_have_more_pixels_because_it_is_read_smaller():
    assert read_picture(upload(saved(halves(5_000, 4_500)))).width == 2000


def test_one_byte_more_than_twelve_megabytes_is_refused():
    whole = saved(halves())

    assert said_of(whole + b"\0" * (12_000_001 - len(whole))).startswith(
        "“seal.jpg” has more than 12 MB."
    )


def test_an_empty_file_is_refused():
    assert said_of(b"") == "“seal.jpg” is empty. Choose it again, or another."


@pytest.mark.parametrize("brand", [b"heic", b"mif1"])
def test_a_phones_own_format_is_named_with_the_way_out(brand):
    said = said_of(b"\0\0\0\x18ftyp" + brand + b"\0" * 40, name="IMG_0042.HEIC")

    assert said == (
        "“IMG_0042.HEIC” is in the format HEIC or AVIF, which can’t be taken. Choose it on the "
        "phone itself, which sends it as JPEG, or save it as JPEG first."
    )


def test_a_long_name_is_shortened_in_its_middle():
    assert pictures.short("x" * 100 + "-gate.jpeg") == "x" * 45 + "…xxxx-gate.jpeg"
    assert pictures.short(None) == "The file"


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_whatever_is_damaged_at_random_is_taken_or_refused_and_never_an_error(kind):
    content, chance = saved(halves(80, 60), kind), random.Random(7)

    for _ in range(150):
        broken = bytearray(content)
        for _ in range(chance.randint(1, 8)):
            broken[chance.randrange(len(broken))] = chance.randrange(256)
        try:
            found = read_picture(upload(bytes(broken)))
        except PhotoError:
            continue
        assert max(found.width, found.height) <= 2000
