"""The demo's OpenID Connect provider: a Django site with django-oauth-toolkit, its key and database made at its start.

`python -m portal.demo.site --port 8301` reads a `Registration` as a line of JSON, and serves until its input ends.
"""

import argparse
import json
import os
import sys
import tempfile
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import django
import uvicorn
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from django.conf import settings
from django.core.asgi import get_asgi_application
from django.core.management import call_command

from portal.demo.provider import Registration, issuer_at

_FRAME = """<!doctype html><html lang="zh-Hant-TW"><head><meta charset="utf-8"><title>{title}</title>
<meta name="viewport" content="width=device-width, initial-scale=1"><style>
body {{ font-family: system-ui, sans-serif; max-width: 26rem; margin: 3rem auto; padding: 0 1rem; line-height: 1.6 }}
label, input {{ display: block; width: 100%; box-sizing: border-box; font: inherit }}
input {{ padding: .5rem; margin-bottom: 1rem }}
input[type=hidden] {{ display: none }} button {{ font: inherit; padding: .5rem 1.5rem }}
</style></head><body><p>單一簽入（示範） Single sign-on (demo)</p><h1>{title}</h1>{body}</body></html>"""
_TEMPLATES = {
    "registration/login.html": _FRAME.format(
        title="請登入",
        body="""{% if form.errors %}<p role="alert">帳號或密碼不正確。 Wrong account or password.</p>{% endif %}
<form method="post">{% csrf_token %}<input type="hidden" name="next" value="{{ next }}">
<label for="id_username">帳號 Account</label>{{ form.username }}
<label for="id_password">密碼 Password</label>{{ form.password }}
<button type="submit">登入 Sign in</button></form>""",
    ),
    "oauth2_provider/logout_confirm.html": _FRAME.format(
        title="登出單一簽入",
        body="""{% if error %}<p role="alert">{{ error.error }}</p>{% else %}
<form method="post">{% csrf_token %}{% for field in form %}{% if field.is_hidden %}{{ field }}{% endif %}{% endfor %}
<p>其他系統也會一併登出。 You will be signed out of every system.</p>
<button type="submit" name="allow" value="1">登出 Sign out</button></form>{% endif %}""",
    ),
    "oauth2_provider/authorize.html": _FRAME.format(
        title="無法登入", body="""<p role="alert">{{ error.error }}: {{ error.description }}</p>"""
    ),
}


def _configure(folder: Path, port: int) -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()
    settings.configure(
        SECRET_KEY=os.urandom(32).hex(),
        ALLOWED_HOSTS=["127.0.0.1", "localhost"],
        ROOT_URLCONF="portal.demo.openid",
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": folder / "provider.sqlite"}},
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
        INSTALLED_APPS=[
            *("django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions", "oauth2_provider")
        ],
        MIDDLEWARE=[
            "django.contrib.sessions.middleware.SessionMiddleware",
            "django.middleware.csrf.CsrfViewMiddleware",
            "django.contrib.auth.middleware.AuthenticationMiddleware",
        ],
        TEMPLATES=[
            {
                "BACKEND": "django.template.backends.django.DjangoTemplates",
                "OPTIONS": {"loaders": [("django.template.loaders.locmem.Loader", _TEMPLATES)]},
            }
        ],
        # Cookies of one host are shared by all its ports: the names are nobody else's.
        SESSION_COOKIE_NAME="demo-provider",
        CSRF_COOKIE_NAME="demo-provider-form",
        USE_TZ=True,
        # Django's first choice takes half a second, for passwords and for the client's secret.
        PASSWORD_HASHERS=["django.contrib.auth.hashers.ScryptPasswordHasher"],
        OAUTH2_PROVIDER=_provider(port, pem),
    )
    django.setup()


def _provider(port: int, key: str) -> dict[str, Any]:
    return {
        "OIDC_ENABLED": True,
        "OIDC_ISS_ENDPOINT": issuer_at(port),
        "OIDC_RSA_PRIVATE_KEY": key,
        "OIDC_RP_INITIATED_LOGOUT_ENABLED": True,
        "OAUTH2_VALIDATOR_CLASS": "portal.demo.openid.Claims",
        "SCOPES": {"openid": "OpenID", "profile": "name"},
        "PKCE_REQUIRED": True,
        "ALLOWED_SCHEMES": ["http", "https"],
    }


def _fill(registration: Registration) -> None:
    """Make the tables, the people and the client."""
    from django.contrib.auth.hashers import make_password  # noqa: PLC0415 — needs the settings
    from django.contrib.auth.models import User  # noqa: PLC0415
    from oauth2_provider.models import Application  # noqa: PLC0415

    call_command("migrate", verbosity=0, interactive=False)
    hashed = make_password(registration.password)  # once: it is slow on purpose
    User.objects.bulk_create(
        User(username=account, password=hashed, first_name=name) for account, name in registration.people.items()
    )
    Application.objects.create(
        client_id=registration.client_id,
        client_secret=registration.client_secret,
        client_type=Application.CLIENT_CONFIDENTIAL,
        authorization_grant_type=Application.GRANT_AUTHORIZATION_CODE,
        redirect_uris=f"{registration.portal_url}/sign-in/back",
        post_logout_redirect_uris=f"{registration.portal_url}/",
        algorithm=Application.RS256_ALGORITHM,
        skip_authorization=True,
    )


def main(arguments: Sequence[str] | None = None) -> None:
    """Serve until standard input ends."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--folder", type=Path, help="where its database goes; anew each time")
    options = parser.parse_args(arguments)
    registration = Registration(**json.loads(sys.stdin.readline()))
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        _configure(Path(folder), options.port)
        _fill(registration)
        config = uvicorn.Config(get_asgi_application(), host="127.0.0.1", port=options.port, log_level="error")
        server = uvicorn.Server(config)

        def until_input_ends() -> None:
            sys.stdin.read()
            server.should_exit = True

        threading.Thread(target=until_input_ends, daemon=True).start()
        server.run()


if __name__ == "__main__":
    main()
