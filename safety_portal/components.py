"""/components/: every building block in each of its states. Screenshots and axe look here."""

import datetime as dt
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from django import forms
from django.core.files.uploadedfile import SimpleUploadedFile
from django.shortcuts import render
from django.templatetags.static import static
from django.urls import path
from django.utils.datastructures import MultiValueDict

from safety_portal import widgets as w
from safety_portal.access import Permission, needs
from safety_portal.page_parts import (
    Button,
    Column,
    FilterWord,
    NavItem,
    Pager,
    SavedLink,
    Tab,
    Table,
    register_navigation,
)
from safety_portal.saved_filters import NameTakenError, SavedFilter, SaveForm

ZONE = ZoneInfo("America/Chicago")
NOON = dt.datetime(2026, 11, 24, 18, 5, tzinfo=dt.UTC)
LONG = "Sergeant Maximiliana Featherstonehaugh-Cholmondeley of the Rio Grande Valley Sector"


@dataclass(frozen=True)
class Place:
    """An invented place for the look-up."""

    pk: str
    name: str
    where: str


PLACES = [
    Place("S-1", "Laredo, bridge 2", "Laredo field office"),
    Place("S-2", "Laredo, mail room", "Laredo field office"),
    Place("S-3", "Nogales, kennel", "Tucson field office"),
    Place("S-4", "El Paso, vehicle 412", "El Paso field office"),
]


@dataclass(frozen=True)
class Example:
    """A photo for the page, where there is none."""

    reference: str
    token: str = ""
    width: int = 1600
    height: int = 1200
    url: str = "#photos"

    @property
    def small_url(self):
        return static("built/img/hero.jpg")


EXAMPLES = [Example("PH-12"), Example("PH-13")]


def find_places(text):
    return [place for place in PLACES if text.lower() in place.name.lower()]


def place_by_reference(value):
    return next((place for place in PLACES if place.pk == value.upper()), None)


def describe_place(place):
    return w.Option(place.pk, place.name, place.where)


class EveryField(w.PortalForm):
    """One of each field."""

    submit_label = "Offer 12 kits"
    cancel_label = "Back without offering"
    consequences = ("The receiver gets an alert.", "You keep custody until they accept.")
    seen_by = ("The receiver and their supervisor", "Whoever may read the custody of these kits")

    name = w.TextField(label="Name of the place", max_length=60)
    note = w.TextField(
        label="Note", max_length=200, lines=3, required=False, help_text="No names of people."
    )
    amount = w.NumberField(label="Doses", min_value=1, max_value=500)
    email = w.EmailField(label="E-mail address", required=False)
    secret = w.PasswordField(label="Your password", help_text="To prove that it is you.")
    day = w.DayField(label="Expiry", min_day=dt.date(2026, 1, 1))
    at = w.MomentField(
        label="When it happened", zone=ZONE, help_text="As the clock in Laredo showed it."
    )
    station = w.ChoiceField(
        label="Station",
        tiles=False,
        choices=[("", "- Choose -"), ("1", "Laredo"), ("2", "Nogales")],
    )
    product = forms.ChoiceField(
        label="Product",
        widget=w.ComboBox(),
        choices=[("", ""), *((str(n), f"Naloxone spray {n} mg") for n in range(1, 60))],
    )
    condition = w.ChoiceField(
        label="Seal",
        choices=[
            ("whole", w.Tile("Unbroken", "The number is the one in the record.")),
            ("broken", w.Tile("Broken", "The kit goes to quarantine, and you count its contents.")),
        ],
    )
    signs = w.ChoicesField(
        label="Signs seen",
        required=False,
        choices=[("slow", "Slow breathing"), ("blue", "Blue lips"), ("out", "Can’t be woken")],
    )
    codes = w.CodesField(label="Kits")
    receiver = w.LookUpField(
        label="To which place", url_name="components_places", help_text="Name, or scan its code."
    )
    paper = w.FileField(label="Delivery note", required=False, accept=".pdf")
    photos = w.PhotosField(required=False)
    sure = w.YesField(label="I have counted them myself")

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        field = self.fields["receiver"]
        field.find, field.get, field.describe = find_places, place_by_reference, describe_place


WRONG = {
    "name": "x" * 75,
    "note": "Left\x07 at the gate",
    "amount": "a dozen",
    "email": "ortiz",
    "day": "02/30/2026",
    "at_0": "03/08/2026",
    "at_1": "02:30",
    "condition": "melted",
    "codes": "K-214\nK-215\nK-214",
    "receiver_text": "lar",
    "station": "",
}


def _wrong_form(person):
    no_photo = SimpleUploadedFile("seal.jpg", b"Minutes of a meeting")
    files = MultiValueDict({"photos": [no_photo]})
    return EveryField(WRONG, files, prefix=None, auto_id="wrong_%s", person=person)


class ChosenPhotos(w.PortalForm):
    """Photos in a form that came back with an error elsewhere."""

    submit_label = "Send the report"
    photos = w.PhotosField()

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.fields["photos"].widget.held = EXAMPLES


def _table(request):
    columns = [
        Column("", hidden="Choose", tick_all="kits-form"),
        Column("Reference", sort="reference"),
        Column("Place", sort="place"),
        Column("Expiry", sort="expiry"),
        Column("State"),
        Column("Doses", sort="doses", figure=True),
    ]
    return Table(request, "Kits at Laredo, soonest expiry first", columns, sort="expiry")


ROWS = [
    ("K-214", "Laredo, bridge 2", dt.date(2026, 12, 6), "In service", "good", 4),
    ("K-1215", "Laredo, mail room", dt.date(2026, 11, 24), "Opened", "watch", 2),
    ("K-9", LONG, dt.date(2026, 11, 20), "Recalled", "bad", 12),
    ("K-16", "Nogales, kennel", None, "Spent", "quiet", 0),
]

TIMELINE = [
    {"title": "Accepted by Ana Ortiz", "at": NOON, "by": "Ana Ortiz", "place": "Laredo, bridge 2", "tone": "good"},
    {"title": "Offered by Sam Reed", "at": NOON - dt.timedelta(hours=2), "by": "Sam Reed", "place": "Mail room",
     "note": "Seal whole.\nHanded over at the counter.", "tone": "info"},
    {"title": "Counted short by one dose", "at": NOON - dt.timedelta(days=9), "tone": "bad", "extra": "Corrected later: see K-215"},
    {"title": "Received", "at": NOON - dt.timedelta(days=40), "by": LONG},
]  # fmt: skip


VIEWS = [
    SavedLink("Expired", "?"),
    SavedLink("At Laredo · Expiring within 30 days", "?", True, 1),
    SavedLink("Recalled, wherever they are", "?"),
    SavedLink("W" * 40, "?"),
]


def _name_taken():
    """The form for a view's name, as it comes back when the name is taken."""
    form = SaveForm({"name": "expired"}, auto_id="taken_%s")
    form.refuse(NameTakenError(SavedFilter(pk=1, name="Expired")))
    return form


def _form_of(request):
    if request.method == "POST":
        return EveryField(request.POST, request.FILES, person=request.person, cancel_url="#")
    return EveryField(
        person=request.person, cancel_url="#", initial={"at": NOON, "day": NOON.date()}
    )


def _disabled_form():
    form = EveryField(
        prefix="off", auto_id="id_%s", initial={"name": "Laredo, bridge 2", "amount": 12}
    )
    for name in list(form.fields):
        if name in ("name", "station", "condition", "day", "product", "codes"):
            form.fields[name].disabled = True
        elif not form.fields[name].widget.is_hidden:
            del form.fields[name]
    return form


@needs(Permission.COMPONENTS_SEE)
def components(request):
    """Every building block, each state. The forms here check what is typed and store nothing but held photos."""
    context = {
        "title": "Building blocks",
        "form": None,
        "every": _form_of(request),
        "wrong": _wrong_form(request.person),
        "chosen": ChosenPhotos(auto_id="chosen_%s", person=request.person),
        "photos": EXAMPLES,
        "off": _disabled_form(),
        "head": _table(request),
        "rows": ROWS,
        "one_page": Pager("Kits 1 to 4 of 4"),
        "pager": Pager("Kits 26 to 50 of about 1,000", first="?", previous="?page=1", next="?page=3", last="?page=40"),
        "tones": [("In service", "good"), ("Expires soon", "watch"), ("Recalled", "bad"), ("In transit", "info"), ("Spent", "quiet")],
        "words": [FilterWord("At Laredo", "?"), FilterWord("expiring within 30 days", "?")],
        "views": VIEWS,
        "current": VIEWS[1],
        "save_form": SaveForm(auto_id="save_%s", initial={"name": "At Laredo"}),
        "taken_form": _name_taken(),
        "tabs": [Tab("What happened", "#", True), Tab("Timeline", "#"), Tab("Evidence", "#")],
        "buttons": [Button("Hand over 12 kits", "#"), Button("Inspect", "#", "outline"), Button("Destroy", "#", "danger"), Button("Cancel", "#", "plain")],
        "timeline": TIMELINE,
        "facts": [("Holder", "Ana Ortiz"), ("Place", LONG), ("Earliest expiry", "6 Dec 2026, in 12 days")],
        "zone": ZONE,
        "noon": NOON,
        "today": NOON.date(),
    }  # fmt: skip
    return render(request, "safety_portal/components.html", context)


@needs(Permission.COMPONENTS_SEE)
def components_places(request):
    """What the look-up on that page finds."""
    return w.look_up_answer(request, find_places, describe_place)


urlpatterns = [
    path("", components, name="components"),
    path("places", components_places, name="components_places"),
]
register_navigation(NavItem("Building blocks", "components", Permission.COMPONENTS_SEE, order=130))
