"""The only settings. The environment makes the differences; a missing variable stops the start with a sentence."""

import datetime as dt
import os
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

from celery.schedules import crontab
from csp.constants import NONE, SELF, WASM_UNSAFE_EVAL
from django.core.exceptions import ImproperlyConfigured

BASE_DIR = Path(__file__).resolve().parent.parent


def env(name, default=None, *, why=""):
    """A variable's text; without a default it must be set, and the error says what it is for."""
    value = os.environ.get(name, "")
    if value:
        return value
    if default is None:
        raise ImproperlyConfigured(f"Set {name}: {why}")
    return default


def env_list(name, default=None, *, why=""):
    """A comma-separated variable as a list."""
    return [part.strip() for part in env(name, default, why=why).split(",") if part.strip()]


def env_number(name, default):
    """A whole number; anything else stops the start."""
    text = env(name, str(default))
    if not text.isdecimal():
        raise ImproperlyConfigured(f"{name} must be a whole number, not “{text}”.")
    return int(text)


def env_numbers(name, default):
    """Whole numbers, comma-separated; anything else stops the start."""
    parts = env_list(name, default)
    if not parts or not all(part.isdecimal() for part in parts):
        raise ImproperlyConfigured(f"{name} must be whole numbers with commas, like {default}.")
    return [int(part) for part in parts]


def env_days_by_name(name):
    """Numbers of days by name, comma-separated, like a:3,b:5; anything else stops the start."""
    pairs = [part.partition(":") for part in env_list(name, "")]
    if not all(key and days.isdecimal() for key, _, days in pairs):
        raise ImproperlyConfigured(f"{name} must be names with days, like a:3,b:5.")
    return {key: int(days) for key, _, days in pairs}


def env_times(name, default):
    """Local times of a day in order, comma-separated; anything else stops the start."""
    try:
        found = [dt.time.fromisoformat(part) for part in env_list(name, default)]
    except ValueError:
        found = []
    if not found or found != sorted(set(found)):
        raise ImproperlyConfigured(f"{name} must be times in order with commas, like {default}.")
    return found


# demo: one machine, embedded servers. test: the same, thrown away. production: refuses to start half set up.
PORTAL_ENV = env("PORTAL_ENV", "demo")
if PORTAL_ENV not in ("demo", "test", "production"):
    raise ImproperlyConfigured(
        f"PORTAL_ENV is “{PORTAL_ENV}”; it must be demo, test or production."
    )
PRODUCTION = PORTAL_ENV == "production"
DEBUG = False

# Where a default is None the variable must be set in production.
_here = None if PRODUCTION else ""

SECRET_KEY = env(
    "SECRET_KEY",
    None if PRODUCTION else "for the demo and the tests only; production refuses to start with it",
    why="a long random text that signs sessions and form tokens. "
    "Make one with: python -c 'import secrets; print(secrets.token_urlsafe(50))'",
)
SECRET_KEY_FALLBACKS = env_list("SECRET_KEY_FALLBACKS", "")

# Encrypts TOTP secrets, clinical text and photos: "id:base64 of 32 bytes", newest first, older ones still read.
ENCRYPTION_KEYS = env_list(
    "ENCRYPTION_KEYS",
    None if PRODUCTION else "demo:ZGVtbyBrZXksIDMyIGJ5dGVzLCBub3QgYSBzZWNyZXQ=",
    why="the key ring for clinical text, sign-in secrets and photos, as id:base64-of-32-bytes, newest first. "
    "Make one with: python manage.py make_key",
)

ALLOWED_HOSTS = env_list(
    "ALLOWED_HOSTS",
    None if PRODUCTION else "localhost,127.0.0.1,[::1]",
    why="the host names people type, separated by commas.",
)
PORT = env_number("PORT", 8000)
PUBLIC_URL = env(
    "PUBLIC_URL",
    f"https://{ALLOWED_HOSTS[0]}" if PRODUCTION else f"http://localhost:{PORT}",
).rstrip("/")
READYZ_TOKEN = env("READYZ_TOKEN", "")

INSTALLED_APPS = [
    "safety_portal",
    "training",
    "naloxone",
    "exposures",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "django.forms",  # the templates of Django's own widgets, which FORM_RENDERER looks for
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "crispy_forms",
    "csp",
    "django_filters",
    "django_htmx",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "safety_portal.middleware.PersonMiddleware",
    "safety_portal.middleware.HeldFormMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
]

ROOT_URLCONF = "safety_portal.urls"
WSGI_APPLICATION = "safety_portal.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "safety_portal.page.page",
            ],
        },
    },
]
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"
CRISPY_ALLOWED_TEMPLATE_PACKS = "uswds"
CRISPY_TEMPLATE_PACK = "uswds"


def database(url):
    """postgres://user:password@host:port/name?sslmode=… as Django wants it."""
    parts = urlsplit(url)
    if parts.scheme not in ("postgres", "postgresql"):
        raise ImproperlyConfigured(
            "DATABASE_URL must be a PostgreSQL address: postgres://user:password@host:port/name"
        )
    options = {key: values[-1] for key, values in parse_qs(parts.query).items()}
    # A request that waits longer than this for a row or an answer is better ended with a sentence.
    timeouts = "-c lock_timeout=3000 -c idle_in_transaction_session_timeout=15000"
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.lstrip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": parts.hostname or "",
        "PORT": str(parts.port or ""),
        # A new connection costs 7 ms; they are kept, and looked at before use.
        "CONN_MAX_AGE": 600,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": {"options": timeouts, **options},
    }


# default: the application's role, which may only insert into the ledger.
# owner: owns the tables, runs migrations; absent from the web's environment in production.
DATABASES = {
    "default": database(
        env("DATABASE_URL", why="the PostgreSQL address of the application's role.")
    )
}
if os.environ.get("DATABASE_OWNER_URL"):
    DATABASES["owner"] = database(os.environ["DATABASE_OWNER_URL"])
DATABASE_ROUTERS = ["safety_portal.roles.OwnerMigrates"]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

REDIS_URL = env("REDIS_URL", why="the address of Redis 7 or later, redis://:password@host:port/0")
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": REDIS_URL,
        "KEY_PREFIX": f"portal-{PORTAL_ENV}",
        # Web code never waits longer than this for Redis.
        "OPTIONS": {"socket_timeout": 2, "socket_connect_timeout": 2},
    }
}

# --- who is signed in ---------------------------------------------------------------------------
AUTH_USER_MODEL = "safety_portal.Account"
# The address is unique without regard to case, by a constraint that this check does not see.
SILENCED_SYSTEM_CHECKS = ["auth.W004"]
AUTHENTICATION_BACKENDS = ["safety_portal.signin.Backend"]
# PBKDF2-HMAC-SHA256 is the one of Django's hashers that FIPS 140 approves.
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.MD5PasswordHasher"
    if PORTAL_ENV == "test"
    else "django.contrib.auth.hashers.PBKDF2PasswordHasher"
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator",
     "OPTIONS": {"user_attributes": ("email",)}},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
     "OPTIONS": {"min_length": 15}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]  # fmt: skip
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "home"
SESSION_ENGINE = "django.contrib.sessions.backends.db"
SESSION_COOKIE_AGE = 12 * 60 * 60
# NIST 800-63B AAL2: again after 30 minutes of silence and after 12 hours; we take 15 minutes.
SESSION_IDLE_SECONDS = env_number("SESSION_IDLE_SECONDS", 15 * 60)
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_HTTPONLY = False
# A counter terminal: its browser's long token, the token of whoever stands there, and the seconds of silence
# after which their page and their proof end.
TERMINAL_COOKIE, TURN_COOKIE = "terminal", "turn"
TERMINAL_SECONDS = env_number("TERMINAL_SECONDS", 60)
CSRF_FAILURE_VIEW = "safety_portal.answers.csrf_failed"

ACCOUNT_ADAPTER = "safety_portal.signin.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
# Without a password field allauth silently switches to sign-in by mailed code.
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "none"  # invited people only: the administrator knows the address
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False  # or anybody could have us mail anybody
ACCOUNT_REAUTHENTICATION_REQUIRED = True
ACCOUNT_LOGOUT_ON_PASSWORD_CHANGE = True
ACCOUNT_SESSION_REMEMBER = False
ACCOUNT_CHANGE_EMAIL = False
MFA_ADAPTER = "safety_portal.signin.MFAAdapter"
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
MFA_TOTP_ISSUER = "Safety portal"
MFA_TRUST_ENABLED = False
ALLAUTH_TRUSTED_PROXY_COUNT = env_number("TRUSTED_PROXY_COUNT", 0)

# --- what a browser may do -----------------------------------------------------------------------
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [
            SELF,
            WASM_UNSAFE_EVAL,
        ],  # WebAssembly only: it reads codes with a camera (ADR 12)
        "style-src": [SELF],
        "font-src": [SELF],
        "connect-src": [SELF],
        "img-src": [SELF, "data:"],  # the file input shows previews as data: addresses
        "manifest-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "object-src": [NONE],
        "frame-ancestors": [NONE],
    }
}
X_FRAME_OPTIONS = "DENY"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
DATA_UPLOAD_MAX_NUMBER_FIELDS = 1000
if PRODUCTION:
    SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = True
    SESSION_COOKIE_NAME, CSRF_COOKIE_NAME = "__Host-session", "__Host-csrf"
    TERMINAL_COOKIE, TURN_COOKIE = "__Host-terminal", "__Host-turn"
    SECURE_SSL_REDIRECT = True
    SECURE_REDIRECT_EXEMPT = [r"^(healthz|readyz)$"]  # asked from inside, without TLS
    SECURE_HSTS_SECONDS = 365 * 24 * 3600
    SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = True
    if env("TLS_PROXY", "yes") == "yes":
        SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

# --- mail ----------------------------------------------------------------------------------------
_mail = urlsplit(
    env("EMAIL_URL", "smtp://127.0.0.1:8025" if not PRODUCTION else None,
        why="the mail server, smtp://user:password@host:port or smtps://…")
)  # fmt: skip
EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
EMAIL_HOST, EMAIL_PORT = _mail.hostname, _mail.port or 25
EMAIL_HOST_USER, EMAIL_HOST_PASSWORD = unquote(_mail.username or ""), unquote(_mail.password or "")
EMAIL_USE_SSL, EMAIL_USE_TLS = _mail.scheme == "smtps", _mail.scheme == "smtp+tls"
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = env("MAIL_FROM", "Safety portal <portal@portal.example>")
# A folder in which the last mail hop keeps what it accepted; a sender in doubt looks there first.
MAIL_JOURNAL = env("MAIL_JOURNAL", "")

# --- background work -----------------------------------------------------------------------------
CELERY_BROKER_URL = REDIS_URL
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True  # acks_late alone still loses a killed child's task
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_CONCURRENCY = env_number("WORKER_CONCURRENCY", 2)
CELERY_TASK_SOFT_TIME_LIMIT, CELERY_TASK_TIME_LIMIT = 60, 90
CELERY_WORKER_MAX_TASKS_PER_CHILD = 500
CELERY_WORKER_MAX_MEMORY_PER_CHILD = 400_000  # KiB
CELERY_WORKER_SOFT_SHUTDOWN_TIMEOUT = env_number("WORKER_SOFT_SHUTDOWN_SECONDS", 30)
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = False
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None
CELERY_TIMEZONE = "UTC"
CELERY_ENABLE_UTC = True
# Longer than twice the hard limit, so nothing running is given to a second worker.
CELERY_VISIBILITY_TIMEOUT = 300
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": CELERY_VISIBILITY_TIMEOUT,
    "unacked_restore_interval": 10,
    "unacked_restore_throttle": 1,
    "socket_timeout": 10,
    "socket_connect_timeout": 5,
    "socket_keepalive": True,
    "health_check_interval": 15,
    "global_keyprefix": f"portal-{PORTAL_ENV}:",
}
# The row is the truth; a nudge that can't be published within two seconds is dropped.
CELERY_TASK_PUBLISH_RETRY_POLICY = {
    "max_retries": 3,
    "interval_start": 0,
    "interval_step": 0.3,
    "interval_max": 0.6,
}
CELERY_BEAT_SCHEDULE = {
    "outbox": {"task": "alerts.deliver_mail", "schedule": 60.0},
    "due": {"task": "alerts.sweep", "schedule": 600.0},
    "beat": {"task": "alerts.heartbeat", "schedule": crontab(minute="*")},
    "sessions": {"task": "sign_in.clear_sessions", "schedule": crontab(minute=17, hour=9)},
    "held_photos": {"task": "photos.drop_held", "schedule": crontab(minute=41)},
    "imports": {"task": "imports.take_up", "schedule": 60.0},
    "old_imports": {"task": "imports.drop_old", "schedule": crontab(minute=37, hour=9)},
    "downloads": {"task": "exports.make_waiting", "schedule": 60.0},
    "old_downloads": {"task": "exports.drop_old", "schedule": crontab(minute=49)},
    "photo_files": {"task": "photos.compare_files", "schedule": crontab(minute=23, hour=9)},
}
CELERY_BEAT_SCHEDULE_FILENAME = env("BEAT_SCHEDULE", str(BASE_DIR / ".local" / "beat" / "schedule"))

# --- what people hear of -------------------------------------------------------------------------
# Days before an expiry (domain C.1, recommended; none is official): first the coordinator, who orders; then
# the station, which swaps. Past its day a kit is told of once more.
EXPIRY_ORDER_DAYS = env_numbers("EXPIRY_ORDER_DAYS", "180,90")
EXPIRY_SWAP_DAYS = env_numbers("EXPIRY_SWAP_DAYS", "30,7,0")
# Doses that a place needs for each kit of its par: two antagonist devices a kit (domain B.5; NIOSH 2019-101: at
# least two doses a point). An order counts doses, a par counts kits.
KIT_DOSES = env_number("KIT_DOSES", 2)
# Months that the expiry plan and the choice of a month to order for look ahead (ours; a year of expiries).
PLAN_MONTHS = env_number("PLAN_MONTHS", 12)
# Days from an order to its delivery, and days to spare before an expiry (ours; domain C.1 names “lead time + safety” as the
# day to order on, no source a number). For single products by NDC: 69547-353-02:45,0143-0000-00:60.
ORDER_LEAD_DAYS = env_number("ORDER_LEAD_DAYS", 30)
ORDER_SAFETY_DAYS = env_number("ORDER_SAFETY_DAYS", 30)
ORDER_LEAD_DAYS_BY_NDC = env_days_by_name("ORDER_LEAD_DAYS_BY_NDC")
# Days before a booked day at which its station hears of it (ours; a week to prepare, and the day).
BOOKING_DAYS = env_numbers("BOOKING_DAYS", "7,0")
# Within how many days what a plan moves is to be sent off (ours).
PLAN_SEND_DAYS = env_number("PLAN_SEND_DAYS", 14)
# For how long an order that was for places below par is named when they still are (ours; no source).
ORDER_REMEMBERED_DAYS = env_number("ORDER_REMEMBERED_DAYS", 180)
# Days after which recalled kits should be back from people and vehicles (ours; no rule names a number).
RECALL_BACK_DAYS = env_number("RECALL_BACK_DAYS", "7")
# Days before a protocol's review is due (recommended; none is official). Past its day it is told of once more.
PROTOCOL_REVIEW_DAYS = env_numbers("PROTOCOL_REVIEW_DAYS", "60,30,0")
# After so many days a dog's weight no longer stands for its dose (ours; no rule names a number).
CANINE_WEIGHT_DAYS = env_number("CANINE_WEIGHT_DAYS", 180)
# What each station is asked to have a protocol for (6 U.S.C. 216: safe handling, by people and canines, and
# post-exposure management; strategy 4.2: naloxone for both). Of dogs only where dogs work.
PROTOCOLS_ASKED_FOR = env_list(
    "PROTOCOLS_ASKED_FOR", "safe_handling,post_exposure,antagonist_dose,canine_dose"
)

# Local times at which shifts begin; at the start of each a place is looked at (domain C.1, Westerville OH PD).
SHIFT_STARTS = env_times("SHIFT_STARTS", "07:00,15:00,23:00")
# A documented check at least so often (domain C.1, Ohio Admin. Code 4729:5-3-19).
ROUND_DAYS = env_number("ROUND_DAYS", 30)
# Kits of the portal's choosing at a round's end, and for how long they may still be scanned (ours; no source).
ROUND_DRAWN = env_number("ROUND_DRAWN", 2)
ROUND_SCAN_MINUTES = env_number("ROUND_SCAN_MINUTES", 30)
# How long whoever has it by the record looks for a kit before it counts as missing (domain C.1, recommended).
SEARCH_HOURS = env_number("SEARCH_HOURS", 24)
# The nil report: by which day of the next month, how many kits are drawn, how long they may be scanned. Snohomish
# asks for it each quarter though nothing changed (domain C.1); each month, the draw and its hours are ours.
NIL_REPORT_DAYS = env_number("NIL_REPORT_DAYS", 5)
NIL_REPORT_DRAWN = env_number("NIL_REPORT_DRAWN", 3)
NIL_REPORT_HOURS = env_number("NIL_REPORT_HOURS", 24)

# Temperatures (domain B.2). Between readings further apart than this nothing is known (ours: loggers write every 5 to
# 10 minutes, some hourly). Outside the label's band longer than 24 h a kit is replaced (the rule of a health unit, S56).
STORAGE_GAP_MINUTES = env_number("STORAGE_GAP_MINUTES", 60)
STORAGE_OUTSIDE_HOURS = env_number("STORAGE_OUTSIDE_HOURS", 24)
# Above 40 °C heat adds up, whatever the label says (S37, S56); beyond so many hours the kit is replaced (B.2 names a
# limit without a figure; eight is ours, the span of a day's heat in S55).
STORAGE_HOT_C = env_number("STORAGE_HOT_C", 40)
STORAGE_HOT_HOURS = env_number("STORAGE_HOT_HOURS", 8)
# A nasal device freezes near -15 °C; thawed once it may be used, frozen more often it is replaced (S54, B.2).
STORAGE_FREEZING_C = -env_number("STORAGE_FROST_BELOW_ZERO_C", 15)
STORAGE_FREEZES = env_number("STORAGE_FREEZES", 1)
# How long a review may wait, and after how many days without a reading a place's last one says nothing of today (ours).
STORAGE_DECIDE_DAYS = env_number("STORAGE_DECIDE_DAYS", 3)
STORAGE_STALE_DAYS = env_number("STORAGE_STALE_DAYS", 7)
# A logger's file: a year of readings every 5 minutes has 105,000 rows (ours, with room).
LOGGER_MOST_BYTES = env_number("LOGGER_MOST_BYTES", 10_000_000)
LOGGER_MOST_ROWS = env_number("LOGGER_MOST_ROWS", 250_000)
# The hot season: how many days before it a station hears of it, after how many a kit in a vehicle is swapped again
# while it lasts, and for how long afterwards one is told that it is over (ours; domain B.2 tells of heat, not of days).
SEASON_NOTICE_DAYS = env_number("SEASON_NOTICE_DAYS", 21)
SEASON_ROTATE_DAYS = env_number("SEASON_ROTATE_DAYS", 30)
SEASON_OVER_DAYS = env_number("SEASON_OVER_DAYS", 21)

# Days within which a receipt should be here for what was handed to somebody (domain C.4 asks for it and names no time).
DISPOSAL_RECEIPT_DAYS = env_number("DISPOSAL_RECEIPT_DAYS", 30)
# How long a witness's proof stands at a muster of exchanges (ours; no source).
MUSTER_MINUTES = env_number("MUSTER_MINUTES", 120)

# A number of people and dogs at risk is asked for again after so many days (ours; 6 U.S.C. 216 asks that everybody
# at risk has one within reach, and names no interval).
AT_RISK_DAYS = env_number("AT_RISK_DAYS", 90)
# People, and dogs, at risk in one shift for whom one kit in reach is enough (ours; no source names a number. Each
# point has at least two doses: NIOSH 2019-101; a dog's kit holds a second carton: domain B.5).
PEOPLE_PER_KIT = env_number("PEOPLE_PER_KIT", 4)
DOGS_PER_KIT = env_number("DOGS_PER_KIT", 1)
# For how long a changed par or number at risk is shown (ours; no source).
CHANGES_SHOWN_DAYS = env_number("CHANGES_SHOWN_DAYS", 90)
# Within how many seconds a dose must be in hand where a place says nothing else, and how long a drill stands for its
# shift (domain C.2 asks for both and names no number; ours).
REACH_SECONDS = env_number("REACH_SECONDS", 120)
DRILL_DAYS = env_number("DRILL_DAYS", 90)
# What expires sooner is not worth sending to another station (ours; no source).
TRANSFER_DAYS_LEFT = env_number("TRANSFER_DAYS_LEFT", 60)
# Days before an authority to give an antagonist ends (ours; a standing order is written for a time, domain C.1).
AUTHORITY_END_DAYS = env_numbers("AUTHORITY_END_DAYS", "60,30,7,0")
# How long it stands that somebody confirmed a station's training (domain C.1: the New York State Police refresh yearly).
TRAINING_CONFIRMED_DAYS = env_number("TRAINING_CONFIRMED_DAYS", 365)

# --- words, time, files --------------------------------------------------------------------------
LANGUAGE_CODE = "en-us"
USE_I18N = False
TIME_ZONE = "UTC"
USE_TZ = True
STATIC_URL = "static/"
_collected = "test-static" if PORTAL_ENV == "test" else "static"  # a running demo keeps its own
STATIC_ROOT = Path(env("STATIC_ROOT", str(BASE_DIR / ".local" / _collected)))
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
MEDIA_ROOT = Path(
    env(
        "MEDIA_ROOT",
        None if PRODUCTION else str(BASE_DIR / ".local" / "media"),
        why="the folder of the photos: outside the code, the same for web and worker, in the backup.",
    )
)
# Four photos of 12 MB stay in memory: larger requests pass through the disk, where they would lie open.
FILE_UPLOAD_MAX_MEMORY_SIZE = 50_000_000
# No form takes a larger file (the largest is a photo): the rest of it is dropped as it comes in.
UPLOAD_MOST_BYTES = 12_000_000
FILE_UPLOAD_HANDLERS = [
    "safety_portal.uploads.BoundedUpload",
    "django.core.files.uploadhandler.MemoryFileUploadHandler",
    "django.core.files.uploadhandler.TemporaryFileUploadHandler",
]

# --- lists that come and go as files -----------------------------------------------------------------
# Of a file to import (10,000 rows are asked for by the programme; the other limits are ours, wide enough for so many
# rows of every column there is): bytes as sent and unpacked, how much smaller packed, rows, columns, sheets.
IMPORT_MOST_BYTES = env_number("IMPORT_MOST_BYTES", 10_000_000)
IMPORT_MOST_UNPACKED = env_number("IMPORT_MOST_UNPACKED", 60_000_000)
IMPORT_MOST_RATIO = env_number("IMPORT_MOST_RATIO", 100)
IMPORT_MOST_ROWS = env_number("IMPORT_MOST_ROWS", 10_000)
IMPORT_MOST_COLUMNS = env_number("IMPORT_MOST_COLUMNS", 60)
IMPORT_MOST_SHEETS = env_number("IMPORT_MOST_SHEETS", 20)
# A list of more rows is made in the worker, for so many hours; no file has more rows than that (ours).
EXPORT_AT_ONCE = env_number("EXPORT_AT_ONCE", 2_000)
EXPORT_MOST_ROWS = env_number("EXPORT_MOST_ROWS", 200_000)
EXPORT_HOURS = env_number("EXPORT_HOURS", 24)
# After so many days the file and its rows are dropped; what it made stays (ours: a quarter, to look a doubt up).
IMPORT_KEEP_DAYS = env_number("IMPORT_KEEP_DAYS", 90)
# An import may take so long in the worker before it is given up; 10,000 kits take less than one minute.
IMPORT_SECONDS = env_number("IMPORT_SECONDS", 600)

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} {levelname} {name}: {message}", "style": "{"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": env("LOG_LEVEL", "WARNING")},
}
