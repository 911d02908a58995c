"""Where in the United States a station can be: states and territories, and the clocks they have."""

from functools import cache
from importlib.resources import files

# Two letters as the Postal Service writes them: the states, the District of Columbia and the territories.
STATES = {
    "AL": "Alabama", "AK": "Alaska", "AS": "American Samoa", "AZ": "Arizona", "AR": "Arkansas",
    "CA": "California", "CO": "Colorado", "CT": "Connecticut", "DE": "Delaware",
    "DC": "District of Columbia", "FL": "Florida", "GA": "Georgia", "GU": "Guam", "HI": "Hawaii",
    "ID": "Idaho", "IL": "Illinois", "IN": "Indiana", "IA": "Iowa", "KS": "Kansas",
    "KY": "Kentucky", "LA": "Louisiana", "ME": "Maine", "MD": "Maryland", "MA": "Massachusetts",
    "MI": "Michigan", "MN": "Minnesota", "MS": "Mississippi", "MO": "Missouri", "MT": "Montana",
    "NE": "Nebraska", "NV": "Nevada", "NH": "New Hampshire", "NJ": "New Jersey",
    "NM": "New Mexico", "NY": "New York", "NC": "North Carolina", "ND": "North Dakota",
    "MP": "Northern Mariana Islands", "OH": "Ohio", "OK": "Oklahoma", "OR": "Oregon",
    "PA": "Pennsylvania", "PR": "Puerto Rico", "RI": "Rhode Island", "SC": "South Carolina",
    "SD": "South Dakota", "TN": "Tennessee", "TX": "Texas", "UT": "Utah", "VT": "Vermont",
    "VI": "Virgin Islands", "VA": "Virginia", "WA": "Washington", "WV": "West Virginia",
    "WI": "Wisconsin", "WY": "Wyoming",
}  # fmt: skip
COUNTRIES = ("US", "PR", "VI", "GU", "MP", "AS")  # as the time-zone database counts them


@cache
def clocks():
    """{time zone: its words} of the states, then of the territories, from the time-zone database."""
    zones = {country: {} for country in COUNTRIES}
    for line in (files("tzdata") / "zoneinfo" / "zone.tab").read_text("utf-8").splitlines():
        country, *rest = line.split("\t")
        if country in COUNTRIES:
            _, zone, *words = rest
            zones[country][zone] = in_words(zone, words[0] if words else STATES[country])
    return {zone: words for found in zones.values() for zone, words in found.items()}


def in_words(zone, where=""):
    """“America/New_York” → “Eastern (most areas): New York”."""
    city = zone.rpartition("/")[2].replace("_", " ")
    return f"{where}: {city}" if where not in ("", city) else city
