"""Makes pictures, and files that only say they are some."""

from io import BytesIO

from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import ExifTags, Image

RED, BLUE = (220, 20, 20), (20, 20, 220)


def saved(image, kind="JPEG", **options):
    """A picture's bytes in a format."""
    target = BytesIO()
    image.save(target, kind, **options)
    return target.getvalue()


def halves(width=400, height=300):
    """Red on the left, blue on the right: one sees which way up it is."""
    image = Image.new("RGB", (width, height), RED)
    image.paste(BLUE, (width // 2, 0, width, height))
    return image


def with_exif(image, **tags):
    """As a phone saves it: with place, owner and the way it was held."""
    exif = image.getexif()
    for name, value in tags.items():
        exif[getattr(ExifTags.Base, name)] = value
    place = exif.get_ifd(ExifTags.IFD.GPSInfo)
    place[ExifTags.GPS.GPSLatitudeRef] = "N"
    place[ExifTags.GPS.GPSLatitude] = (27.0, 30.0, 22.0)
    return saved(image, exif=exif, comment=b"taken by Robin Example", quality=95)


def upload(content=None, name="seal.jpg"):
    """A file as a browser sends it; a good photo unless other bytes are given."""
    whole = saved(halves()) if content is None else content
    return SimpleUploadedFile(name, whole, content_type="image/jpeg")
