"""The only writes of the app: each verb is one transaction, checks rights first and leaves an audit row."""

from naloxone.actions.binding import bind_round
from naloxone.actions.consignments import call_back, receive_consignment, send_kits
from naloxone.actions.counter import attest_kits
from naloxone.actions.custody import (
    answer_offer,
    answer_offers,
    hand_over_here,
    move_kits,
    offer_kits,
    record_with_witness,
    withdraw_offer,
)
from naloxone.actions.discrepancies import close_discrepancy, hand_on
from naloxone.actions.disposals import countersign, dispose_of_kits, record_receipt
from naloxone.actions.exchanges import (
    end_muster,
    exchange_at_muster,
    exchange_here,
    offer_exchange,
    open_muster,
    say_not_right,
)
from naloxone.actions.inspections import inspect_kit, report_no_access
from naloxone.actions.kit_types import begin_kit_type, fit_component, write_kit_version
from naloxone.actions.life import (
    hold_kits,
    note_event,
    open_kits,
    record_found,
    release_kits,
    report_missing,
    say_works,
    undo_newest,
    waste_doses,
    write_off,
)
from naloxone.actions.nil_reports import make_nil_report, scan_reported
from naloxone.actions.orders import (
    Wanted,
    add_line,
    change_due,
    end_order,
    place_order,
)
from naloxone.actions.packs import forget_code, remember_code
from naloxone.actions.places import change_place, close_place, open_place
from naloxone.actions.plans import end_booking, make_plan, send_booked
from naloxone.actions.products import change_product, record_lot, record_product
from naloxone.actions.programmes import confirm_training, decide_programme, record_authority
from naloxone.actions.readiness import (
    InShift,
    ask_drill,
    call_off_drill,
    record_at_risk,
    record_drill,
)
from naloxone.actions.registers import hand_over_register, take_register
from naloxone.actions.rounds import finish_walk, record_rounds, scan_drawn
from naloxone.actions.searches import answer_search, search_for_kit
from naloxone.actions.seasons import rotate_indoors, set_season
from naloxone.actions.stock import (
    assemble_kits,
    recall_lot,
    receive_delivery,
    receive_trainers,
)
from naloxone.actions.storage import (
    add_label,
    decide_storage,
    import_readings,
    keep_upload,
    record_temperature,
    set_label,
    withdraw_record,
)
from naloxone.actions.swaps import swap_kits
from naloxone.actions.uses import (
    Told,
    add_detail,
    add_doses,
    ask_replacement,
    bind_use,
    record_use,
    replacement_done,
    tell_of_person,
)
from naloxone.rules import CustodyError

__all__ = [
    "CustodyError",
    "InShift",
    "Told",
    "Wanted",
    "add_detail",
    "add_doses",
    "add_label",
    "add_line",
    "answer_offer",
    "answer_offers",
    "answer_search",
    "ask_drill",
    "ask_replacement",
    "assemble_kits",
    "attest_kits",
    "begin_kit_type",
    "bind_round",
    "bind_use",
    "call_back",
    "call_off_drill",
    "change_due",
    "change_place",
    "change_product",
    "close_discrepancy",
    "close_place",
    "confirm_training",
    "countersign",
    "decide_programme",
    "decide_storage",
    "dispose_of_kits",
    "end_booking",
    "end_muster",
    "end_order",
    "exchange_at_muster",
    "exchange_here",
    "finish_walk",
    "fit_component",
    "forget_code",
    "hand_on",
    "hand_over_here",
    "hand_over_register",
    "hold_kits",
    "import_readings",
    "inspect_kit",
    "keep_upload",
    "make_nil_report",
    "make_plan",
    "move_kits",
    "note_event",
    "offer_exchange",
    "offer_kits",
    "open_kits",
    "open_muster",
    "open_place",
    "place_order",
    "recall_lot",
    "receive_consignment",
    "receive_delivery",
    "receive_trainers",
    "record_at_risk",
    "record_authority",
    "record_drill",
    "record_found",
    "record_lot",
    "record_product",
    "record_receipt",
    "record_rounds",
    "record_temperature",
    "record_use",
    "record_with_witness",
    "release_kits",
    "remember_code",
    "replacement_done",
    "report_missing",
    "report_no_access",
    "rotate_indoors",
    "say_not_right",
    "say_works",
    "scan_drawn",
    "scan_reported",
    "search_for_kit",
    "send_booked",
    "send_kits",
    "set_label",
    "set_season",
    "swap_kits",
    "take_register",
    "tell_of_person",
    "undo_newest",
    "waste_doses",
    "withdraw_offer",
    "withdraw_record",
    "write_kit_version",
    "write_off",
]
