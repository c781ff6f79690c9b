"""A service behind Keycloak: which access tokens it takes, and what it answers to the others.

The issuer and the address of the keys are two settings, because they are two things: the issuer is a name that is
compared, the keys are fetched from wherever this process reaches Keycloak.
"""

import logging
import os
from typing import Annotated

import jwt
from fastapi import Depends, FastAPI, HTTPException
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import BaseModel

log = logging.getLogger("uvicorn.error")


def setting(name: str, default: str | None = None) -> str:
    """An empty setting is a missing one: a check against nothing would be no check."""
    value = os.environ.get(name) or default
    if value is None:
        raise SystemExit(f"{name} is not set")
    return value


# Compared with `iss`, character by character. Keycloak writes its own host name there (KC_HOSTNAME), whichever alias
# people logged in by, so it is never derived from a domain, nor from the address of the keys.
ISSUER = setting("KEYCLOAK_ISSUER")
# Where the keys are fetched, such as Keycloak's service inside the cluster. The other way round, a default is safe.
JWKS_URL = setting("KEYCLOAK_JWKS_URL", f"{ISSUER}/protocol/openid-connect/certs")
# This service's name in `aud`. A token for another service is refused, however good it is.
AUDIENCE = setting("EXPECTED_AUDIENCE")

# What the realm may sign with. Never taken from the token, and never HMAC: its secret would be our public key.
ALGORITHMS = ["RS256", "PS256", "ES256"]
LEEWAY_SECONDS = 5

keys = jwt.PyJWKClient(JWKS_URL, timeout=5)
bearer = HTTPBearer(auto_error=False)
app = FastAPI(title="orders")


class Caller(BaseModel):
    subject: str
    username: str | None
    client: str | None
    roles: list[str]


def challenge(status: int, error: str = "", description: str = "") -> HTTPException:
    """An answer by RFC 6750 §3. Without credentials there is no error code: nothing was wrong yet."""
    details = f', error="{error}", error_description="{description}"' if error else ""
    headers = {"WWW-Authenticate": f'Bearer realm="orders"{details}'}
    return HTTPException(status, description or "An access token is needed", headers)


# `def`, not `async def`: fetching the keys blocks, and FastAPI then runs this in a thread.
def caller(credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(bearer)]) -> Caller:
    """Who calls, by a token that was checked."""
    if credentials is None:
        raise challenge(401)
    try:
        claims = jwt.decode(
            credentials.credentials,
            keys.get_signing_key_from_jwt(credentials.credentials),
            algorithms=ALGORITHMS,
            issuer=ISSUER,
            audience=AUDIENCE,
            leeway=LEEWAY_SECONDS,
            options={"require": ["exp", "iss", "aud", "sub"]},
        )
        if claims.get("typ") != "Bearer":  # Keycloak signs ID and logout tokens with the same keys
            raise jwt.InvalidTokenError("not an access token")
    except jwt.PyJWKClientConnectionError as error:
        log.error("no keys from %s: %s", JWKS_URL, error)
        raise HTTPException(503, "Tokens cannot be checked at the moment") from error
    except jwt.PyJWTError as error:
        # Why is for the log; %r keeps what came from the token on one line.
        log.warning("token refused: %r", error)
        raise challenge(401, "invalid_token", "The access token is not valid here") from error
    return Caller(
        subject=claims["sub"],
        username=claims.get("preferred_username"),
        client=claims.get("azp"),
        roles=claims.get("resource_access", {}).get(AUDIENCE, {}).get("roles", []),
    )


SomeCaller = Annotated[Caller, Depends(caller)]


def reader(known: SomeCaller) -> Caller:
    """Who calls, if they have the role `reader` of this service's client."""
    if "reader" not in known.roles:
        raise challenge(403, "insufficient_scope", "The role reader is needed")
    return known


@app.get("/me")
def me(known: SomeCaller) -> Caller:
    return known


@app.get("/orders")
def orders(known: Annotated[Caller, Depends(reader)]) -> dict[str, object]:
    return {"for": known.subject, "orders": []}
