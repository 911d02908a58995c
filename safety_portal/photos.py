"""Photos: held for a person until their form is taken, then kept for good with the act. On the disk they are sealed.

An upload becomes a held photo at once (ADR 10). Keeping it changes rows only, in the act's own transaction:
an act that fails leaves no photo behind, and the person's choice is not lost.
"""

import datetime as dt
import hashlib
import logging

from django.db import models, transaction
from django.db.models.functions import Now
from django.urls import reverse

from safety_portal import audit, encryption, sealed_files
from safety_portal.append_only import FilledMoment
from safety_portal.people import Person, Station
from safety_portal.pictures import PhotoError, read_picture, shrink

logger = logging.getLogger(__name__)

HELD_FOR = dt.timedelta(hours=24)
HELD_A_PERSON = 20  # the twenty-first pushes out the oldest
MOST_A_FIELD = 4
# A file that no row names is left alone so long: its row may be about to come.
ORPHAN_AFTER = dt.timedelta(days=1)


class SealedPhoto(models.Model):
    """What both kinds have: a sealed file, and what is known of the JPEG in it."""

    token = models.CharField(max_length=32, unique=True)
    # Of the JPEG: its file is another one after each change of keys.
    sha256 = models.CharField(max_length=64)
    width = models.PositiveSmallIntegerField()
    height = models.PositiveSmallIntegerField()
    bytes = models.PositiveIntegerField()

    class Meta:
        abstract = True

    def jpeg(self):
        """The whole photo. Raises FileNotFoundError, EncryptionError."""
        content = sealed_files.read(self.token)
        if hashlib.sha256(content).hexdigest() != self.sha256:
            raise encryption.EncryptionError(f"The file of {self} is another one.")
        return content

    def small(self):
        """A thumbnail, as a JPEG."""
        return shrink(self.jpeg())


class HeldPhotoQuerySet(models.QuerySet):
    def held_for(self, person, now):
        """What waits for this person and is not too old."""
        return self.filter(person=person, held_at__gt=now - HELD_FOR)


class HeldPhoto(SealedPhoto):
    """A photo that a person chose in a form that is not taken yet. Dropped after 24 hours."""

    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="+")
    held_at = models.DateTimeField()

    objects = HeldPhotoQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["person", "held_at"], name="held_photo_by_person")]

    def __str__(self):
        return f"held photo {self.pk}"

    @property
    def small_url(self):
        return reverse("held_photo", args=[self.token])


class Photo(SealedPhoto):
    """A photo that belongs to an act. Never changed; who may see it is asked at its purpose's door."""

    may_insert = (
        "token", "sha256", "width", "height", "bytes", "purpose", "station", "taken_by",
    )  # fmt: skip

    purpose = models.CharField(max_length=40)
    station = models.ForeignKey(Station, on_delete=models.PROTECT, related_name="+")
    taken_by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    recorded_at = FilledMoment(db_default=Now())

    def __str__(self):
        return f"photo {self.pk}"  # no word of what it shows: this may reach a log

    @property
    def reference(self):
        return f"PH-{self.pk}"

    @property
    def url(self):
        return reverse("photo", args=[self.token])

    @property
    def small_url(self):
        return reverse("small_photo", args=[self.token])


# --- doors -----------------------------------------------------------------------------------------

doors = {}


def register_photo_door(purpose, may_see):
    """may_see(person, photo) → whether the person may see the thing that photos of this purpose belong to."""
    doors[purpose] = may_see


def may_see(person, photo):
    """What the purpose's door says; nobody passes where there is none."""
    door = doors.get(photo.purpose)
    return door is not None and door(person, photo)


# --- verbs -----------------------------------------------------------------------------------------


def hold_photo(*, file, now, by, durable=True):
    """An uploaded file as a held photo of this person. Raises PhotoError with a sentence for the field.

    Committed by itself, before the act begins: what the act rolls back must leave this untouched. Not so where
    all is written or nothing (`durable` is false, as in the demo): the schedule removes a file without its row.
    """
    picture = read_picture(file)
    token = sealed_files.new_token()
    try:
        sealed_files.write(token, picture.jpeg)
    except OSError as error:
        logger.exception("A photo could not be written")
        raise PhotoError(
            "Photos can’t be stored at this moment. Send the form without one, or try again later."
        ) from error
    try:
        with transaction.atomic(durable=durable):
            held = HeldPhoto.objects.create(
                token=token,
                sha256=hashlib.sha256(picture.jpeg).hexdigest(),
                width=picture.width,
                height=picture.height,
                bytes=len(picture.jpeg),
                person=by,
                held_at=now,
            )
            mine = HeldPhoto.objects.filter(person=by).order_by("-held_at", "-pk")
            _drop(HeldPhoto.objects.filter(pk__in=mine.values("pk")[HELD_A_PERSON:]))
    except BaseException:
        sealed_files.remove(token)
        raise
    return held


def chosen(*, tokens, now, by):
    """What a form's tokens stand for, in their order: this person's held photos.

    Also those that they have kept already: a form sent twice must reach its action, which knows it again.
    """
    held = HeldPhoto.objects.held_for(by, now).filter(token__in=tokens)
    kept = Photo.objects.filter(token__in=tokens, taken_by=by)
    found = {photo.token: photo for photo in (*held, *kept)}
    return [found[token] for token in tokens if token in found]


@transaction.atomic
def let_go(*, tokens, by):
    """Drop held photos that a person no longer wants."""
    _drop(HeldPhoto.objects.filter(token__in=tokens, person=by))


def keep_photo(*, upload, purpose, station, by):
    """Make a held photo (what PhotosField gives) one of an act, inside the act's transaction. Raises PhotoError.

    The act has checked what `by` may do there; the purpose must have a door (register_photo_door).
    """
    if purpose not in doors:
        raise LookupError(f"Nobody could see photos of “{purpose}”: register_photo_door first.")
    held = HeldPhoto.objects.select_for_update().filter(token=upload.token, person=by).first()
    if held is None or not sealed_files.exists(held.token):
        raise PhotoError("A photo is held no longer. Choose it again.")
    facts = {name: getattr(held, name) for name in ("token", "sha256", "width", "height", "bytes")}
    photo = Photo.objects.create(**facts, purpose=purpose, station=station, taken_by=by)
    held.delete()
    audit.record(
        "photo.kept", by=by, target=photo, station=station, purpose=purpose, sha256=photo.sha256
    )
    return photo


def _drop(held):
    """Rows now, files once that is committed. What is being kept at this moment is locked, and stays."""
    tokens = list(held.select_for_update(skip_locked=True).values_list("token", flat=True))
    HeldPhoto.objects.filter(token__in=tokens).delete()
    transaction.on_commit(lambda: sealed_files.remove(*tokens))


# --- what the schedule runs --------------------------------------------------------------------------


@transaction.atomic
def drop_held_photos(*, now):
    """Drop what nobody sent within 24 hours."""
    _drop(HeldPhoto.objects.filter(held_at__lte=now - HELD_FOR))


def compare_files(*, now):
    """Remove files that no row names, and say which photos have lost theirs. Returns a sentence."""
    names = list(sealed_files.names(before=now - ORPHAN_AFTER))
    # Rows after files: one that was kept meanwhile is known, and its file is left alone.
    kept = dict(Photo.objects.values_list("token", "pk"))
    known = kept.keys() | set(HeldPhoto.objects.values_list("token", flat=True))
    orphans = [name for name in names if name not in known]
    sealed_files.remove(*orphans)
    gone = [f"PH-{pk}" for token, pk in kept.items() if not sealed_files.exists(token)]
    if gone:
        logger.error("Photos without a file: %s", ", ".join(gone[:20]))
    return f"removed without a row {len(orphans)}, photos without a file {len(gone)}"


def reseal_photos():
    """Put all files under the newest key. Returns how many were under an older one, and of how many."""
    tokens = [*Photo.objects.values_list("token", flat=True)]
    tokens += HeldPhoto.objects.values_list("token", flat=True)
    return sum(map(sealed_files.reseal, tokens)), len(tokens)
