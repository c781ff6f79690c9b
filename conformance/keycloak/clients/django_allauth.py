"""django-allauth, unmodified, signs a person in by an identity provider that it knows by its discovery document only.

usage: django_allauth.py BASE_URL REALM CLIENT_ID SECRET USER PASSWORD
Django's own test client is the person's browser at the application; a requests session is it at the identity provider.
"""

import html
import re
import sys

import django
import requests
from django.conf import settings

base, realm, client_id, secret, username, password = sys.argv[1:7]

settings.configure(
    SECRET_KEY="conformance",
    ALLOWED_HOSTS=["testserver"],
    ROOT_URLCONF=__name__,
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
    INSTALLED_APPS=[
        "django.contrib.auth",
        "django.contrib.contenttypes",
        "django.contrib.sessions",
        "django.contrib.messages",
        "allauth",
        "allauth.account",
        "allauth.socialaccount",
        "allauth.socialaccount.providers.openid_connect",
    ],
    MIDDLEWARE=[
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
        "django.contrib.messages.middleware.MessageMiddleware",
        "allauth.account.middleware.AccountMiddleware",
    ],
    TEMPLATES=[
        {
            "BACKEND": "django.template.backends.django.DjangoTemplates",
            "APP_DIRS": True,
            "OPTIONS": {
                "context_processors": [
                    "django.template.context_processors.request",
                    "django.contrib.messages.context_processors.messages",
                ]
            },
        }
    ],
    AUTHENTICATION_BACKENDS=["allauth.account.auth_backends.AuthenticationBackend"],
    LOGIN_REDIRECT_URL="/done/",
    SOCIALACCOUNT_LOGIN_ON_GET=True,
    SOCIALACCOUNT_PROVIDERS={
        "openid_connect": {
            "OAUTH_PKCE_ENABLED": True,
            "APPS": [
                {
                    "provider_id": "keyturn",
                    "name": "Keyturn",
                    "client_id": client_id,
                    "secret": secret,
                    "settings": {"server_url": f"{base}/realms/{realm}"},
                }
            ],
        }
    },
)
django.setup()

from django.contrib.auth import get_user_model  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.test import Client  # noqa: E402
from django.urls import include, path  # noqa: E402

urlpatterns = [path("accounts/", include("allauth.urls"))]

call_command("migrate", verbosity=0)
application = Client()
away = application.get("/accounts/oidc/keyturn/login/")
assert away.status_code == 302, away.content

browser = requests.Session()
# The cookies are Secure, as Keycloak's are; browsers send such to loopback hosts, requests does not.
jar = {}


def visit(method, url, **more):
    header = "; ".join(f"{name}={value}" for name, value in jar.items())
    answer = browser.request(method, url, headers={"cookie": header}, allow_redirects=False, **more)
    browser.cookies.clear()
    jar.update(answer.cookies.get_dict())
    return answer


page = visit("GET", away["location"])
assert page.status_code == 200, page.text
form = html.unescape(re.search(r'<form[^>]*id="kc-form-login"[^>]*action="([^"]+)"', page.text).group(1))
done = visit("POST", form, data={"username": username, "password": password, "credentialId": ""})
assert done.status_code == 302, done.text

back = application.get(done.headers["location"].replace("http://testserver", ""))
assert back.status_code == 302 and back["location"] == "/done/", (back.status_code, back.content)
user = get_user_model().objects.get()
assert user.username == username, user.username
assert user.email == f"{username}@example.com", user.email
print("signed in and made a user of the claims")
