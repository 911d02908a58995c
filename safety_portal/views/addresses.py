"""Addresses of people, roles, dogs, stations and the audit; their lines in the navigation."""

from django.urls import path

from safety_portal.access import Permission
from safety_portal.page_parts import NavItem, register_navigation
from safety_portal.views import (
    audit_trail,
    canines,
    grants,
    looking,
    own_pin,
    people,
    stations,
    terminals,
)

roster_urls = [
    path("people/", people.people, name="people"),
    path("people/new/", people.new_person, name="new_person"),
    path("people/P-<int:number>/", people.person, name="person"),
    path("people/P-<int:number>/change/", people.change_person, name="change_person"),
    path("people/P-<int:number>/invite/", people.invite_person, name="invite_person"),
    path("people/P-<int:number>/end-account/", people.end_account, name="end_account"),
    path("people/P-<int:number>/left/", people.person_left, name="person_left"),
    path("people/P-<int:number>/give-role/", grants.give_role, name="give_role"),
    path("people/dogs/", canines.canines, name="canines"),
    path("people/dogs/new/", canines.new_canine, name="new_canine"),
    path("people/dogs/C-<int:number>/", canines.canine, name="canine"),
    path("people/dogs/C-<int:number>/change/", canines.change_canine, name="change_canine"),
    path("people/dogs/C-<int:number>/weigh/", canines.weigh_canine, name="weigh_canine"),
    path("people/stations/", stations.stations, name="stations"),
    path("people/stations/new/", stations.new_station, name="new_station"),  # codes are in capitals
    path("people/stations/<str:code>/", stations.station, name="station"),
    path("people/stations/<str:code>/change/", stations.change_station, name="change_station"),
    path("people/stations/<str:code>/close/", stations.close_station, name="close_station"),
    path("roles/", grants.roles, name="roles"),
    path("roles/G-<int:number>/end/", grants.end_role, name="end_role"),
    path("roles/lend/", grants.lend_role, name="lend_role"),
    path("look-at/", looking.look_at, name="look_at"),
    path("audit/", audit_trail.audit_trail, name="audit"),
    path("terminals/", terminals.terminals_list, name="terminals"),
    path("terminals/enrol/", terminals.enrol_terminal, name="enrol_terminal"),
    path("terminals/T-<int:number>/revoke/", terminals.revoke_terminal, name="revoke_terminal"),
    path("terminal/", terminals.counter, name="terminal"),
    path("terminal/said/", terminals.said, name="terminal_said"),
    path("terminal/next/", terminals.next_person, name="terminal_next"),
    path("terminal/here/", terminals.still_here, name="terminal_here"),
    path("accounts/counter-pin/", own_pin.counter_pin, name="counter_pin"),
    path("accounts/counter-pin/remove/", own_pin.remove_pin, name="remove_pin"),
    path("options/people/", people.people_options, name="people_options"),
]

register_navigation(
    NavItem("People", "people", Permission.PEOPLE_SEE, order=110),
    NavItem("Lend my role", "lend_role", Permission.ROLE_LEND, order=112),
    NavItem("Counter terminals", "terminals", Permission.TERMINALS_KEEP, order=113),
    NavItem("Roles", "roles", Permission.ROLES_SEE, order=114),
    NavItem("Audit", "audit", Permission.AUDIT_SEE, order=116),
)
