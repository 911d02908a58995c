"""Photos in a form: chosen once, seen again when the form comes back with an error, taken off where they are seen."""

from typing import NamedTuple

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone

from safety_portal import photos
from safety_portal.pictures import ACCEPT, MOST_BYTES, PhotoError, short
from safety_portal.widgets.inputs import Look

# Before the field's own name: the tokens of held photos (always there, so that a field of photos is known
# by it), and of those that shall go.
HELD, REMOVED = "_held_", "_remove_"
CLEANED = "Place and time that a phone writes into a photo are taken out."


class Sent(NamedTuple):
    """What a form brought: new files, and tokens of what is held already."""

    files: list
    tokens: list
    removed: list


def all_of(sent, name):
    """Every value under a name, empty ones left out; of a plain dictionary too."""
    values = sent.getlist(name) if hasattr(sent, "getlist") else [sent.get(name)] if sent else []
    return [value for value in values if value]


class PhotosInput(Look, forms.FileInput):
    """Files from camera or gallery as the person likes, above them what is held already."""

    look, error_look = "portal-photos__input", "portal-photos__input--error"
    template_name = "uswds/widgets/photos.html"
    allow_multiple_selected = True
    held = ()  # the field sets what is shown

    def __init__(self, attrs=None, *, most=photos.MOST_A_FIELD):
        # Without `capture`: it would force the camera upon those who have the picture already.
        super().__init__({"accept": ACCEPT, "multiple": most > 1, **(attrs or {})})
        self.most = most

    def use_required_attribute(self, initial):
        return False

    def value_from_datadict(self, data, files, name):
        return Sent(all_of(files, name), all_of(data, HELD + name), all_of(data, REMOVED + name))

    def get_context(self, name, value, attrs):
        context = super().get_context(name, None, attrs)
        context["widget"] |= {
            "held": self.held,
            "held_name": HELD + name,
            "removed_name": REMOVED + name,
            "most": self.most,
            "most_bytes": MOST_BYTES,
        }
        return context


class PhotosField(forms.Field):
    """Up to `most` photos, as held photos for photos.keep_photo. PortalForm sets whose they are; views pass request.FILES.

    The one field that writes: a file that is not held goes with the answer that names another field's error.
    """

    default_error_messages = {"required": "Add a photo."}
    person = None

    def __init__(self, *, most=photos.MOST_A_FIELD, **kwargs):
        self.most = most
        plain = {"widget": PhotosInput(most=most), "help_text": hint(most), "label": "Photos"}
        super().__init__(**{**plain, **kwargs})

    def hold(self, sent):
        """Hold what is new and let go what was removed: the photos now chosen, and sentences about the others."""
        now, by = timezone.now(), self.person
        if sent.removed:
            photos.let_go(tokens=sent.removed, by=by)
        tokens = [t for t in dict.fromkeys(sent.tokens) if t not in sent.removed]
        found = photos.chosen(tokens=tokens, now=now, by=by) if tokens else []
        faults = [gone_sentence(len(tokens) - len(found))] if len(found) < len(tokens) else []
        over, found = found[self.most :], found[: self.most]
        left_out = [f"{count(len(over))} chosen before"] if over else []
        for file in sent.files:
            if len(found) == self.most:
                left_out.append(f"“{short(file.name)}”")
                continue
            try:
                found.append(photos.hold_photo(file=file, now=now, by=by))
            except PhotoError as error:
                faults.append(str(error))
        if left_out:
            faults.append(f"At most {count(self.most)}. Left out: {', '.join(left_out)}.")
        self.widget.held = [photo for photo in found if isinstance(photo, photos.HeldPhoto)]
        return found, faults

    def clean(self, value):
        found, faults = self.hold(value)
        if faults:
            raise ValidationError(faults)
        if self.required and not found:
            raise ValidationError(self.error_messages["required"], code="required")
        return found

    def has_changed(self, initial, data):
        return bool(data and any(data))


def count(number):
    return f"{number} photo{'' if number == 1 else 's'}"


def hint(most):
    size = f"{MOST_BYTES / 1e6:.0f} MB"
    if most == 1:
        return f"JPEG, PNG or WebP of at most {size}. {CLEANED}"
    return f"At most {count(most)} of at most {size} each: JPEG, PNG or WebP. {CLEANED}"


def gone_sentence(number):
    if number == 1:
        return "A photo chosen before is held no longer. Choose it again."
    return f"{number} photos chosen before are held no longer. Choose them again."
