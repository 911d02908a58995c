"""The tables of the app, by noun: callers import them from here."""

from naloxone.models.consignments import Arrival, Consignment, ConsignmentLine
from naloxone.models.custody import (
    Act,
    ActNote,
    CustodyEvent,
    CustodyLine,
    CustodyMove,
    ReceiptPhoto,
)
from naloxone.models.discrepancies import ClosingCode, Discrepancy, DiscrepancyKind
from naloxone.models.disposals import (
    Countersignature,
    Disposal,
    DisposalPhoto,
    DisposalReceipt,
    DisposalReceiptPhoto,
)
from naloxone.models.emptied import PlaceEmptied
from naloxone.models.exchanges import Exchange, Muster
from naloxone.models.hand_overs import (
    HandOver,
    HandOverLine,
    HandOverQuerySet,
    Outcome,
)
from naloxone.models.holders import (
    AccessMode,
    Holder,
    HolderQuerySet,
    PlaceType,
)
from naloxone.models.imports import ImportRow, ImportRun
from naloxone.models.inspections import (
    RESULTS,
    Inspection,
    InspectionLine,
    InspectionPhoto,
)
from naloxone.models.need import NeedWord, own_day
from naloxone.models.nil_reports import MonthSeed, NilReport, report_due_on
from naloxone.models.orders import (
    Order,
    OrderDue,
    OrderEnd,
    OrderLine,
    OrderProduct,
    OrderReceipt,
)
from naloxone.models.products import (
    Lot,
    LotRecall,
    PackCode,
    Product,
)
from naloxone.models.registers import RegisterCount, RegisterPassing, RegisterTaking
from naloxone.models.rounds import DrawnKit, KitScan, Round, RoundResult, Walk
from naloxone.models.searches import Search, SearchEnd
from naloxone.models.storage import (
    MONTHS,
    KitStorage,
    LabelVersion,
    LotLabel,
    Reading,
    RecordSource,
    RecordWithdrawal,
    StationSeason,
    StorageDecision,
    StorageDecisionLine,
    TemperatureRecord,
    TemperatureUpload,
)
from naloxone.models.units import (
    TO_INSPECT,
    Device,
    Kit,
    KitQuerySet,
    UnitKind,
)
from naloxone.models.uses import (
    OUTSIDE,
    DoseDetail,
    Fault,
    Giver,
    Replacement,
    Site,
    UseBinding,
    UseDose,
    UseReport,
)

__all__ = [
    "MONTHS",
    "OUTSIDE",
    "RESULTS",
    "TO_INSPECT",
    "AccessMode",
    "Act",
    "ActNote",
    "Arrival",
    "ClosingCode",
    "Consignment",
    "ConsignmentLine",
    "Countersignature",
    "CustodyEvent",
    "CustodyLine",
    "CustodyMove",
    "Device",
    "Discrepancy",
    "DiscrepancyKind",
    "Disposal",
    "DisposalPhoto",
    "DisposalReceipt",
    "DisposalReceiptPhoto",
    "DoseDetail",
    "DrawnKit",
    "Exchange",
    "Fault",
    "Giver",
    "HandOver",
    "HandOverLine",
    "HandOverQuerySet",
    "Holder",
    "HolderQuerySet",
    "ImportRow",
    "ImportRun",
    "Inspection",
    "InspectionLine",
    "InspectionPhoto",
    "Kit",
    "KitQuerySet",
    "KitScan",
    "KitStorage",
    "LabelVersion",
    "Lot",
    "LotLabel",
    "LotRecall",
    "MonthSeed",
    "Muster",
    "NeedWord",
    "NilReport",
    "Order",
    "OrderDue",
    "OrderEnd",
    "OrderLine",
    "OrderProduct",
    "OrderReceipt",
    "Outcome",
    "PackCode",
    "PlaceEmptied",
    "PlaceType",
    "Product",
    "Reading",
    "ReceiptPhoto",
    "RecordSource",
    "RecordWithdrawal",
    "RegisterCount",
    "RegisterPassing",
    "RegisterTaking",
    "Replacement",
    "Round",
    "RoundResult",
    "Search",
    "SearchEnd",
    "Site",
    "StationSeason",
    "StorageDecision",
    "StorageDecisionLine",
    "TemperatureRecord",
    "TemperatureUpload",
    "UnitKind",
    "UseBinding",
    "UseDose",
    "UseReport",
    "Walk",
    "own_day",
    "report_due_on",
]
