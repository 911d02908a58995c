"""Addresses of kits, hand-overs and places; their lines in the navigation."""

from django.urls import path

from naloxone.views import (
    discrepancies,
    disposals,
    hand_overs,
    kits,
    life,
    offers,
    places,
    stock,
    uses,
)
from safety_portal.access import Permission
from safety_portal.page_parts import NavItem, register_counter, register_navigation

app_name = "naloxone"

urlpatterns = [
    path("kits/", kits.kits, name="kits"),
    path("kits/find/", kits.find, name="find"),
    path("kits/receive/", stock.receive, name="receive"),
    path("kits/made/<int:act>/", stock.made, name="made"),
    path("kits/assemble/", stock.assemble, name="assemble"),
    path("kits/release/", stock.release, name="release"),
    path("kits/move/", stock.move, name="move"),
    path("kits/hand-over/", hand_overs.give, name="give"),
    path("kits/opened/", life.open_kits, name="open"),
    path("kits/hold/", life.hold, name="hold"),
    path("kits/missing/", life.missing, name="missing"),
    path("kits/found/", life.found, name="found"),
    path("kits/write-off/", life.write_off, name="write_off"),
    path("kits/dispose/", disposals.dispose, name="dispose"),
    path("kits/K-<int:number>/", kits.kit, name="kit"),
    path("kits/K-<int:number>/waste/", life.waste, name="waste"),
    path("kits/K-<int:number>/undo/<int:sequence>/", life.undo, name="undo"),
    path("kits/K-<int:number>/note/", life.note, name="note"),
    path("uses/", uses.use_list, name="uses"),
    path("uses/new/", uses.record_use, name="record_use"),
    path("uses/U-<int:number>/", uses.use, name="use"),
    path("uses/U-<int:number>/add/", uses.add_doses, name="add_doses"),
    path("uses/U-<int:number>/dose/<int:position>/", uses.dose_detail, name="dose_detail"),
    path("uses/U-<int:number>/dose/<int:position>/kit/", uses.bind, name="bind"),
    path("uses/U-<int:number>/person/", uses.tell_of_person, name="tell_of_person"),
    path("uses/U-<int:number>/read/", uses.read_person, name="read_person"),
    path("uses/U-<int:number>/replacement/", uses.ask_replacement, name="ask_replacement"),
    path("uses/U-<int:number>/replacement/done/", uses.replacement_done, name="replacement_done"),
    path("discrepancies/", discrepancies.discrepancies, name="discrepancies"),
    path("discrepancies/closed/", discrepancies.closed_discrepancies, name="closed_discrepancies"),
    path("discrepancies/D-<int:number>/", discrepancies.discrepancy, name="discrepancy"),
    path("kits/K-<int:number>/custody-record.pdf", kits.custody_record, name="custody_record"),
    path("disposals/", disposals.disposals, name="disposals"),
    path("disposals/waiting/", disposals.waiting_disposals, name="waiting_disposals"),
    path("disposals/unsigned/", disposals.unsigned_disposals, name="unsigned_disposals"),
    path("disposals/DS-<int:number>/", disposals.disposal, name="disposal"),
    path("lots/L-<int:number>/", stock.lot, name="lot"),
    path("lots/L-<int:number>/recall/", stock.recall, name="recall"),
    path("my-kits/", hand_overs.my_kits, name="my_kits"),
    path("my-kits/return/", hand_overs.give_back, name="give_back"),
    path("hand-overs/", hand_overs.hand_overs, name="hand_overs"),
    path("hand-overs/sent/", hand_overs.sent, name="sent"),
    path("hand-overs/all/", hand_overs.hand_over_history, name="hand_over_history"),
    path("hand-overs/accept/", hand_overs.accept, name="accept"),
    path("hand-overs/H-<int:number>/", offers.hand_over, name="hand_over"),
    path("hand-overs/H-<int:number>/look-again/", offers.look_again, name="look_again"),
    path("hand-overs/H-<int:number>/withdraw/", offers.withdraw, name="withdraw"),
    path("places/", places.places, name="places"),
    path("places/open/", places.open_place, name="open_place"),
    path("places/S-<int:number>/", places.place, name="place"),
    path("places/S-<int:number>/change/", places.change_place, name="change_place"),
    path("places/S-<int:number>/close/", places.close_place, name="close_place"),
    path("options/receivers/", hand_overs.receiver_options, name="receiver_options"),
    path("options/seconds/", hand_overs.second_options, name="second_options"),
    path("options/witnesses/", disposals.witness_options, name="witness_options"),
    path("options/places/", stock.place_options, name="place_options"),
]

register_navigation(
    NavItem("My kits", "naloxone:my_kits", None, order=10),
    NavItem("Kits", "naloxone:kits", Permission.KITS_SEE, order=20),
    NavItem("Places", "naloxone:places", Permission.KITS_SEE, order=25),
    NavItem("Hand-overs", "naloxone:hand_overs", None, order=30),
    NavItem("Uses", "naloxone:uses", None, order=33),
    NavItem("Discrepancies", "naloxone:discrepancies", Permission.KITS_SEE, order=35),
    NavItem("Disposals", "naloxone:disposals", Permission.KITS_SEE, order=37),
)
register_counter(hand_overs.waiting, noun="hand-over", url_name="naloxone:hand_overs")
