"""What the portal promises as a whole, checked by machine. Each checker is shown to fail on a broken example."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import NamedTuple

import pytest
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP
from django.apps import apps
from django.conf import settings
from django.db import connection, models, transaction
from django.http import Http404, HttpResponse, QueryDict
from django.test import Client
from django.test.utils import isolate_apps
from django.urls import get_resolver, path, reverse
from django.views.decorators.http import require_http_methods

from naloxone import actions
from naloxone.actions.rounds import Told
from naloxone.inspection_rules import Seen
from naloxone.models import KitType
from naloxone.round_rules import RoundKind, month_to_report
from naloxone.round_rules import Seen as RoundSeen
from safety_portal import exports, photos, terminals
from safety_portal.access import (
    EVERYONE,
    PUBLIC,
    TERMINAL,
    Permission,
    Role,
    Scope,
    may,
    needs,
    public,
)
from safety_portal.held import hold_form
from safety_portal.people import Component
from tests.naloxone import imports, make, registers
from tests.naloxone.orders import order
from tests.naloxone.test_plans import make_plan
from tests.safety_portal.picture import upload
from tests.training import make as protocols
from training.rules import Kind

ROOT = Path(settings.BASE_DIR)
OURS = ("safety_portal", "naloxone", "training", "exposures")

# allauth's views carry no `needs`: whom each is for stands here.
OF_ALLAUTH = {
    "account_login": PUBLIC,
    "account_logout": PUBLIC,
    "account_inactive": PUBLIC,
    "account_signup": PUBLIC,
    "account_reset_password": PUBLIC,
    "account_reset_password_done": PUBLIC,
    "account_reset_password_from_key": PUBLIC,
    "account_reset_password_from_key_done": PUBLIC,
    "mfa_authenticate": PUBLIC,  # between password and code; without a password given: to sign-in
    "account_reauthenticate": EVERYONE,
    "account_change_password": EVERYONE,
    "account_set_password": EVERYONE,
    "mfa_index": EVERYONE,
    "mfa_reauthenticate": EVERYONE,
    "mfa_activate_totp": EVERYONE,
    "mfa_deactivate_totp": EVERYONE,
    "mfa_view_recovery_codes": EVERYONE,
    "mfa_generate_recovery_codes": EVERYONE,
    "mfa_download_recovery_codes": EVERYONE,
}
# Things that belong to no station, so a colleague elsewhere may see them: reason beside each.
SHARED = {
    "naloxone:make_plan": "a month is everybody’s; what is proposed for it is of one’s own stations",
    "naloxone:kit_type": "what kits are made of is the same for the whole agency",
    "naloxone:change_kit_type": "what kits are made of is the same for the whole agency",
    "naloxone:lot": "a lot is made by its manufacturer; its kits are shown as far as one may see them",
    "naloxone:forget_code": "a number on packs means the same wherever they are received",
    "naloxone:change_product": "a product is the same wherever it is received",
    "naloxone:import_columns": "how a list of kits looks, whoever sends one",
    "naloxone:import_template": "an empty list",
    "naloxone:recall": "a recall is of the lot, wherever its kits are",
    "training:protocol": "everybody reads every protocol",
    "training:version": "everybody reads every protocol; only its keepers get the forms",
}


# --- imports point down --------------------------------------------------------------------------


def broken_contracts(config, *, where):
    """What import-linter says when a contract is broken; empty when all are kept."""
    command = "import sys; from importlinter.cli import lint_imports as lint; "
    command += "sys.exit(lint(config_filename=sys.argv[1], no_cache=True))"
    ran = subprocess.run(
        [sys.executable, "-c", command, str(config)],
        capture_output=True, text=True, cwd=where, check=False,
    )  # fmt: skip
    return "" if ran.returncode == 0 else ran.stdout + ran.stderr


def test_imports_point_down():
    assert broken_contracts(ROOT / "pyproject.toml", where=ROOT) == ""


def test_an_import_that_points_up_is_found(tmp_path):
    for name, text in {"low": "import house.high", "high": "", "__init__": ""}.items():
        (tmp_path / "house").mkdir(exist_ok=True)
        (tmp_path / "house" / f"{name}.py").write_text(text)
    config = tmp_path / "contracts.toml"
    config.write_text(
        '[tool.importlinter]\nroot_package = "house"\n[[tool.importlinter.contracts]]\n'
        'name = "Down"\ntype = "layers"\nlayers = ["house.high", "house.low"]\n'
    )

    assert "house.low is not allowed to import house.high" in broken_contracts(
        config, where=tmp_path
    )


def test_every_module_of_rules_is_held_to_be_pure():
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
    [pure] = [one for one in contracts["contracts"] if one["name"] == "Rules are pure"]
    modules = {f"{path.parent.name}.{path.stem}" for path in ROOT.glob("*/*_rules.py")}

    assert modules
    assert modules <= set(pure["source_modules"])


# --- foreign keys point down -----------------------------------------------------------------------


def layers():
    """Module → height, from the import contract; the lowest is 0."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
    rows = contracts["contracts"][0]["layers"]
    return {
        name.strip(" ()"): height
        for height, row in enumerate(reversed(rows))
        for name in re.split(r"[:|]", row)
    }


def height_of(model):
    """The height of the layer in which the model stands, or None."""
    heights, name = layers(), model.__module__
    while name and name not in heights:
        name = name.rpartition(".")[0]
    return heights.get(name)


def upward_keys(found):
    """Sentences about each foreign key (one-to-one, many-to-many too) that does not point down or sideways."""
    faults = []
    for model in found:
        for field in [*model._meta.get_fields(include_hidden=True)]:
            if not (field.is_relation and isinstance(field, models.Field)):
                continue
            to = field.related_model
            if to is None or height_of(model) is None or height_of(to) is None:
                faults.append(f"{model.__name__}.{field.name}: not a pair of layers")
            elif height_of(to) > height_of(model):
                faults.append(f"{model.__name__}.{field.name} points up, at {to.__name__}")
    return faults


def test_foreign_keys_point_down():
    our_models = [m for m in apps.get_models(include_auto_created=True) if is_ours(m)]

    assert len(our_models) > 20
    assert upward_keys(our_models) == []


@isolate_apps("safety_portal", "naloxone")
@pytest.mark.parametrize("kind", [models.ForeignKey, models.OneToOneField, models.ManyToManyField])
def test_a_key_that_points_up_is_found(kind):
    above = type("Above", (models.Model,), {"__module__": "naloxone.models"})
    given = {} if kind is models.ManyToManyField else {"on_delete": models.PROTECT}
    below = type(
        "Below",
        (models.Model,),
        {"__module__": "safety_portal.people", "above": kind("naloxone.Above", **given)},
    )
    lost = type(
        "Lost",
        (models.Model,),
        {"__module__": "safety_portal.nowhere", "above": models.ForeignKey(above, models.PROTECT),
         "Meta": type("Meta", (), {"app_label": "safety_portal"})},
    )  # fmt: skip

    assert upward_keys([below]) == ["Below.above points up, at Above"]
    assert upward_keys([lost]) == ["Lost.above: not a pair of layers"]
    assert upward_keys([above]) == []


# --- every view says whom it is for ----------------------------------------------------------------


class Address(NamedTuple):
    """One line of the URLconf."""

    name: str  # with its namespace
    route: str
    view: object
    arguments: tuple

    @property
    def ours(self):
        return self.view.__module__.partition(".")[0] in (*OURS, "tests")

    @property
    def needs(self):
        return getattr(self.view, "needs", None) if self.ours else OF_ALLAUTH.get(self.name)


def is_ours(thing):
    return thing.__module__.partition(".")[0] in OURS


def addresses(patterns=None, route="", space="", arguments=()):
    """Every address of the URLconf, whatever it is nested in."""
    for pattern in get_resolver().url_patterns if patterns is None else patterns:
        here = route + str(pattern.pattern)
        taken = getattr(pattern.pattern, "converters", None)
        if taken is None or (hasattr(pattern.pattern, "regex") and not taken):
            taken = pattern.pattern.regex.groupindex
        found = (*arguments, *taken)
        if hasattr(pattern, "url_patterns"):
            inner = f"{space}{pattern.namespace}:" if pattern.namespace else space
            yield from addresses(pattern.url_patterns, here, inner, found)
        else:
            name = f"{space}{pattern.name}" if pattern.name else ""
            yield Address(name, here, pattern.callback, found)


def faults_of_doors(found, of_allauth):
    """Views that say not whom they are for; names in the table of others' views that are missing or too many."""
    faults = []
    for address in found:
        if not address.name:
            faults.append(f"{address.route} has no name")
        elif address.ours and not hasattr(address.view, "needs"):
            faults.append(f"{address.name} does not say whom it is for")
        elif not address.ours and address.name not in of_allauth:
            faults.append(f"{address.name} is not in the table of others’ views")
        open_to_all = getattr(address.view, "login_required", True) is False
        if open_to_all != (address.needs in (PUBLIC, TERMINAL)):
            faults.append(f"{address.name} is open to all and says otherwise, or the reverse")
    gone = set(of_allauth) - {address.name for address in found if not address.ours}
    return faults + [f"{name} is in the table and not in the URLconf" for name in sorted(gone)]


def test_every_view_says_whom_it_is_for():
    assert faults_of_doors(list(addresses()), OF_ALLAUTH) == []


# --- broken examples: an own URLconf, served by this module -----------------------------------------


def door_forgotten(request):
    return HttpResponse("no word of whom it is for")


@public
def said_public(request):
    return HttpResponse("open")


def says_it_needs(request):
    return HttpResponse("says it needs a permission and looks at nobody")


says_it_needs.needs = Permission.MAIL_SEE
says_it_needs.login_required = False


def says_it_is_a_terminal(request):
    return HttpResponse("says it is for a counter terminal and looks at no browser")


says_it_is_a_terminal.needs = TERMINAL
says_it_is_a_terminal.login_required = False


@needs(Permission.KITS_SEE)
def any_kit(request, number):
    return HttpResponse(f"kit {number}, whoever asks")


@needs(Permission.KITS_SEE)
def no_kit(request, number):
    raise Http404


@needs(Permission.KITS_SEE)
def writes_on_get(request):
    Component.objects.get_or_create(code="GET", name="Written by a GET")
    return HttpResponse("written")


def takes_forged_posts(request):
    return HttpResponse("taken")


@require_http_methods(["DELETE"])
def takes_neither(request):
    return HttpResponse("deleted")


takes_neither.needs = EVERYONE
takes_forged_posts.csrf_exempt = True
takes_forged_posts.needs = EVERYONE

urlpatterns = [
    path("forgotten/", door_forgotten, name="forgotten"),
    path("public/", said_public),
    path("says/", says_it_needs, name="says"),
    path("counter/", says_it_is_a_terminal, name="counter"),
    path("kits/K-<int:number>/any", any_kit, name="any_kit"),
    path("kits/K-<int:number>/none", no_kit, name="no_kit"),
    path("things/<int:number>/", no_kit, name="unknown_thing"),
    path("writes/", writes_on_get, name="writes"),
    path("neither/", takes_neither, name="neither"),
    path("forged/", takes_forged_posts, name="forged"),
    path("accounts/login/", said_public, name="account_login"),
    path("", said_public, name="home"),
]


@pytest.fixture
def broken_urls(settings):
    """The URLconf with everything wrong; gives its addresses by name."""
    settings.ROOT_URLCONF = __name__
    return {address.name or address.route: address for address in addresses()}


def test_a_view_that_forgets_its_door_is_found(broken_urls):
    assert faults_of_doors(list(broken_urls.values()), {"no_more": PUBLIC}) == [
        "forgotten does not say whom it is for",
        "public/ has no name",
        "says is open to all and says otherwise, or the reverse",
        "no_more is in the table and not in the URLconf",
    ]


# --- walking every address ---------------------------------------------------------------------------


def piece_of(route, argument):
    """“K-<int:number>” of kits/K-<int:number>/move; with its folder when the argument stands alone."""
    pieces = route.rstrip("$").split("/")
    at = next(n for n, piece in enumerate(pieces) if re.search(rf"[:<]{argument}>", piece))
    alone = re.fullmatch(r"<[^>]+>", pieces[at])
    return "/".join(pieces[max(at - 1, 0) : at + 1]) if alone else pieces[at]


class World:
    """One object for each thing that an address can name, all of one station, and people around them."""

    def __init__(self):
        self.station, self.elsewhere = make.station(), make.station()
        self.chief = make.person(self.station, *Role, scope=Scope.EVERYWHERE)
        self.receiver = make.person(self.station, *Role)
        self.outsider = make.person(self.elsewhere, *Role)
        self.stranger = make.person(self.station)
        TOTP.activate(self.receiver.account, "JBSWY3DPEHPK3PXP")
        RecoveryCodes.activate(self.receiver.account)
        self.canine = make.canine(self.receiver)
        self.protocol = protocols.draft(self.chief, station=self.station).protocol
        protocols.in_force(self.chief, Kind.CANINE_DOSE, station=self.station)
        protocols.weigh(self.canine, self.receiver)
        self.card = protocols.card(self.canine, self.receiver)
        self.place = make.place(self.chief)
        self.kits = make.delivery(self.chief, make.place(self.chief), cartons=3)
        for action, facts in (
            (actions.move_kits, {"kits": self.kits[:1], "place": self.place}),
            (actions.report_missing, {"kits": self.kits[1:2]}),
        ):
            action(occurred_at=make.timezone.now(), request_key=make.key(), by=self.chief, **facts)
        self.record = actions.record_temperature(
            place=self.place, centi=20_00, occurred_at=make.timezone.now(), request_key=make.key(), by=self.chief
        )  # fmt: skip
        self.inspection = actions.inspect_kit(
            kit=self.kits[2], sequence=1, seen=Seen(), counts={self.kits[2].lot_id: (2, True)},
            occurred_at=make.timezone.now(), request_key=make.key(), by=self.chief,
        )  # fmt: skip
        self.passing = registers.passing(self.receiver, make.person(self.station, Role.DEPUTY))
        self.hand_over = actions.offer_kits(
            kits=self.kits[:1], receiver=make.holder(self.receiver), now=make.timezone.now(),
            request_key=make.key(), by=self.chief,
        )  # fmt: skip
        self.use = actions.record_use(
            told=[actions.Told(code="K-0")], station=self.station, given_at=make.timezone.now(),
            now=make.timezone.now(), request_key=make.key(), by=self.receiver,
        )  # fmt: skip
        [ended] = make.delivery(self.chief, make.place(self.chief))
        self.disposal = actions.dispose_of_kits(
            why_empty="On purpose", kits=[ended], method="sharps", reason="damaged", occurred_at=make.timezone.now(),
            now=make.timezone.now(), request_key=make.key(), by=self.chief,
        )  # fmt: skip
        self.box = actions.send_kits(
            why_empty="On purpose", kits=make.delivery(self.chief, make.place(self.chief)), destination=make.station(),
            carrier="Courier", expected_on=make.day(3), occurred_at=make.timezone.now(),
            request_key=make.key(), by=self.chief,
        )  # fmt: skip
        self.order = order(self.chief)
        self.drill_request = actions.ask_drill(
            place=self.place, shift=1, due_on=make.day(7), now=make.timezone.now(), request_key=make.key(),
            by=self.chief,
        )  # fmt: skip
        make.delivery(self.chief, self.place, expires_on=make.day(200))
        make.delivery(self.chief, make.storeroom(self.chief), expires_on=make.day(900))
        self.plan = make_plan(self.chief, make.day(200))
        self.pack_code = "00311917040332"
        actions.remember_code(code=self.pack_code, product=make.product(), by=self.chief)
        self.walk = actions.record_rounds(
            told=[Told(self.place, RoundKind.COUNT, RoundSeen(counted=1))],
            occurred_at=make.timezone.now(), now=make.timezone.now(), request_key=make.key(),
            by=self.chief,
        )  # fmt: skip
        [sought] = make.delivery(self.chief, self.place)
        self.search = actions.search_for_kit(kit=sought, now=make.timezone.now(), by=self.chief)
        self.muster = actions.open_muster(
            source=self.place, back_to=self.place, lot="LOT1", second=self.stranger, proof="password",
            now=make.timezone.now(), request_key=make.key(), by=self.chief,
        )  # fmt: skip
        month = month_to_report(make.timezone.now())
        self.report = actions.make_nil_report(
            station=self.station, month=month, now=make.timezone.now(), request_key=make.key(), by=self.chief
        )  # fmt: skip
        # With an error, so that there is a file to correct.
        self.run = imports.checked(
            self.receiver, "kits", imports.as_csv(("Place", "Product", "Lot", "Expiry"), ["", "", "", ""], ["-"] * 4)
        )  # fmt: skip
        self.download = exports.ask_download(
            listed=exports.listed_at("/kits/", self.receiver), path="/kits/", look=None,
            kind="csv", now=make.timezone.now(), by=self.receiver,
        )  # fmt: skip
        exports.make_download(self.download.pk)
        self.terminal, self.token = terminals.enrol_terminal(
            station=self.station, name="Muster room", now=make.timezone.now(), by=self.chief
        )
        self.held = hold_form(
            account=self.receiver.account, path="/", post=QueryDict("note=typed"), files=(),
            now=make.timezone.now(),
        )  # fmt: skip
        now = make.timezone.now()
        self.held_photo = photos.hold_photo(file=upload(), now=now, by=self.receiver)
        uploaded = photos.hold_photo(file=upload(), now=now, by=self.receiver)
        with transaction.atomic():
            self.photo = photos.keep_photo(
                upload=uploaded, purpose="walk", station=self.station, by=self.receiver
            )

    def things(self):
        """The last piece of a route with its argument → what stands there. New things are added here."""
        return {
            "K-<int:number>": self.kits[0].pk,
            "H-<int:number>": self.hand_over.pk,
            "L-<int:number>": self.kits[0].lot_id,
            "S-<int:number>": self.place.pk,
            "undo/<int:sequence>": 2,
            "U-<int:number>": self.use.pk,
            "CN-<int:number>": self.box.pk,
            "OR-<int:number>": self.order.pk,
            "KT-<int:number>": KitType.objects.first().pk,
            "PL-<int:number>": self.plan.pk,
            "BK-<int:number>": self.plan.bookings.first().pk,
            "plan/<str:month>": f"{self.plan.month:%Y-%m}",
            "dose/<int:position>": 1,
            "DS-<int:number>": self.disposal.pk,
            "DQ-<int:number>": self.drill_request.pk,
            "I-<int:number>": self.inspection.pk,
            "W-<int:number>": self.walk.pk,
            "R-<int:number>": self.walk.rounds.get().pk,
            "N-<int:number>": self.report.pk,
            "new/<str:code>": self.station.code,
            "F-<int:number>": self.search.pk,
            "MU-<int:number>": self.muster.pk,
            "D-<int:number>": self.kits[1].discrepancies.get().pk,
            "pack-codes/<str:code>": self.pack_code,
            "IM-<int:number>": self.run.pk,
            "PD-<int:number>": self.kits[0].lot.product_id,
            "columns/<str:what>": "kits",
            "templates/<str:name>": "kits.csv",
            "made/<int:act>": self.kits[0].events.first().act_id,
            "held/<str:token>": self.held.token,
            "downloads/<str:token>": self.download.token,
            "held-photos/<str:token>": self.held_photo.token,
            "photos/<str:token>": self.photo.token,
            "P-<int:number>": self.receiver.pk,
            "PR-<int:number>": self.protocol.pk,
            "DC-<int:number>": self.card.pk,
            "RG-<int:number>": self.passing.pk,
            "TR-<int:number>": self.record.pk,
            "v<int:version>": 1,
            "T-<int:number>": self.terminal.pk,
            "C-<int:number>": self.canine.pk,
            "G-<int:number>": self.receiver.grants.first().pk,
            "stations/<str:code>": self.station.code,
            "(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)": {"uidb36": "1", "key": "not-a-key"},
        }

    def where(self, address):
        """The address's path, for the world's things; a sentence as KeyError when a thing is unknown."""
        kwargs = {}
        for argument in address.arguments:
            piece = piece_of(address.route, argument)
            if piece not in self.things():
                raise KeyError(f"{address.name}: add “{piece}” to World.things")
            kwargs[argument] = self.things()[piece]
            if isinstance(kwargs[argument], dict):
                kwargs[argument] = kwargs[argument][argument]
        return reverse(address.name, kwargs=kwargs)


@pytest.fixture
def world(db, monkeypatch):
    # The door of photos of no app: those who see kits at the station may see them.
    door = {"walk": lambda who, photo: may(who, Permission.KITS_SEE, at=photo.station_id)}
    monkeypatch.setattr(photos, "doors", photos.doors | door)
    return World()


def client_of(person, *, terminal="", **options):
    """Somebody's browser, or nobody's; with a token that of a counter terminal."""
    client = Client(**options)
    if person:
        client.force_login(person.account)
    if terminal:
        client.cookies[settings.TERMINAL_COOKIE] = terminal
    return client


def status(client, method, where):
    """The answer's status. What a POST did is undone, so that each address finds the world whole."""
    with transaction.atomic():
        answer = getattr(client, method)(where)
        transaction.set_rollback(method == "post")
    if answer.status_code == 302 and answer.url.startswith("/accounts/login/"):
        return "sign in"
    return answer.status_code


def faults_for_anonymous(found, world):
    """Addresses that answer somebody who is not signed in with anything but the way to sign-in."""
    client = client_of(None)
    return [
        f"{address.name} gives a stranger {got} on {method}"
        for address in found
        if address.needs != PUBLIC
        for method in ("get", "post")
        if (got := status(client, method, world.where(address))) != "sign in"
    ]


def refused(client, where):
    """Whether an address is as if it were not there. It may say that it takes no GET, or no POST."""
    answers = {status(client, "get", where), status(client, "post", where)}
    return 404 in answers and answers <= {404, 405}


def faults_for_stranger(found, world):
    """Addresses that need a permission and answer a colleague who has none."""
    client = client_of(world.stranger)
    return [
        f"{address.name} answers who has no role"
        for address in found
        if isinstance(address.needs, Permission)
        and address.needs != Permission.OWN_THINGS
        and not refused(client, world.where(address))
    ]


def faults_for_outsider(found, world):
    """Addresses of things of one station that answer somebody with every role at another."""
    client = client_of(world.outsider)
    return [
        f"{address.name} answers the same role of another station"
        for address in found
        if address.arguments
        and address.needs != PUBLIC
        and address.name not in SHARED
        and not refused(client, world.where(address))
    ]


def faults_for_insiders(found, world):
    """Addresses that answer nobody: a refusal there would prove nothing."""
    clients = [client_of(world.chief), client_of(world.receiver)]
    return [
        f"{address.name} answers not even those whose thing it is"
        for address in found
        if isinstance(address.needs, Permission) or address.needs == EVERYONE
        if all(refused(client, world.where(address)) for client in clients)
    ]


def faults_at_terminals(found, world):
    """Pages of the counter terminal that an enrolled browser does not get, or another one does."""
    terminal, gone = terminals.enrol_terminal(
        station=world.station, name="Back door", now=make.timezone.now(), by=world.chief
    )
    terminals.revoke_terminal(terminal=terminal, now=make.timezone.now(), by=world.chief)
    at_counter, revoked = client_of(None, terminal=world.token), client_of(None, terminal=gone)
    own, both = client_of(world.chief), client_of(world.chief, terminal=world.token)
    faults = []
    for address in found:
        if address.needs != TERMINAL:
            continue
        where = world.where(address)
        both_ways = {status(both, method, where) for method in ("get", "post")}
        if {status(at_counter, method, where) for method in ("get", "post")} & {404, "sign in"}:
            faults.append(f"{address.name} does not answer at a counter terminal")
        if {status(revoked, method, where) for method in ("get", "post")} != {"sign in"}:
            faults.append(f"{address.name} answers a revoked terminal")
        if not refused(own, where):
            faults.append(f"{address.name} answers at somebody’s own browser")
        if both_ways != {302}:
            faults.append(f"{address.name} answers at a terminal where somebody is signed in")
    return faults


def faults_of_methods(found, world):
    """Addresses that take neither GET nor POST, or a POST without its token from the portal's own page."""
    client, faults = client_of(world.chief), []
    careful = client_of(world.chief, enforce_csrf_checks=True)
    for address in found:
        where = world.where(address)
        if {status(client, "get", where), status(client, "post", where)} == {405}:
            faults.append(f"{address.name} takes neither GET nor POST")
        if (got := status(careful, "post", where)) != 403:
            faults.append(f"{address.name} gives a forged POST {got}")
    return faults


def contents():
    """Table → a hash of all its rows. The session's last sign of life is not a change."""
    found = {}
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            if table != "django_session":
                cursor.execute(
                    f"select md5(string_agg(t::text, '|' order by t::text)) from \"{table}\" t"
                )
                found[table] = cursor.fetchone()[0]
    return found


def faults_of_gets(found, world):
    """Tables that a walk over every address by GET has changed."""
    people = (world.chief, world.receiver, world.stranger, None)
    clients = [*map(client_of, people), client_of(None, terminal=world.token)]
    before, faults = contents(), []
    for client in clients:
        for address in found:
            client.get(world.where(address))
        after = contents()
        faults += [f"GET has changed {table}" for table in after if after[table] != before[table]]
        before = after
    return faults


WALKS = [
    faults_for_anonymous,
    faults_for_stranger,
    faults_for_outsider,
    faults_for_insiders,
    faults_at_terminals,
    faults_of_methods,
    faults_of_gets,
]


@pytest.mark.parametrize("walk", WALKS)
def test_every_address_keeps_the_promise(walk, world):
    found = list(addresses())

    assert len(found) > len(OF_ALLAUTH)
    assert walk(found, world) == []


@pytest.mark.parametrize(
    ("walk", "name", "fault"),
    [
        (faults_for_anonymous, "says", "says gives a stranger 200 on get"),
        (faults_for_stranger, "says", "says answers who has no role"),
        (faults_for_outsider, "any_kit", "any_kit answers the same role of another station"),
        (faults_for_insiders, "no_kit", "no_kit answers not even those whose thing it is"),
        (faults_at_terminals, "counter", "counter answers a revoked terminal"),
        (faults_of_methods, "forged", "forged gives a forged POST 200"),
        (faults_of_methods, "neither", "neither takes neither GET nor POST"),
        (faults_of_gets, "writes", "GET has changed safety_portal_component"),
    ],
)
def test_a_broken_promise_is_found(walk, name, fault, world, broken_urls):
    assert walk([broken_urls[name]], world)[0] == fault


def test_an_address_of_an_unknown_thing_must_be_added_to_the_walk(world, broken_urls):
    with pytest.raises(KeyError, match="unknown_thing: add “things/<int:number>”"):
        world.where(broken_urls["unknown_thing"])
