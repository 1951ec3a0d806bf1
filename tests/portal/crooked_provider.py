"""An OpenID provider that says what no honest one would: the answers are a test's to choose, over real HTTP."""

import base64
import hmac
import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from joserfc import jwt
from joserfc.jwk import RSAKey
from joserfc.jws import JWSRegistry

CLIENT, SECRET = "portal", "a secret of the client that nobody else has"


class CrookedProvider:
    """Answers at `issuer`; `claims` and the others are changed by a test before the portal asks."""

    def __init__(self):
        self.key = RSAKey.generate_key(2048, auto_kid=True)
        self.signing_key = self.key
        self.algorithm = "RS256"
        self.claims, self.userinfo, self.metadata, self.token = {}, None, {}, {}
        self.asked = []
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.issuer = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()

    def id_token(self):
        now = int(time.time())
        claims = {"iss": self.issuer, "aud": CLIENT, "sub": "head", "name": "林人事", "iat": now, "exp": now + 60}
        said = {name: value for name, value in {**claims, **self.claims}.items() if value is not None}
        header = {"alg": self.algorithm, "kid": self.key.kid}
        if self.algorithm == "HS256":
            return self._with_shared_secret(header, said)
        return jwt.encode(header, said, self.signing_key, registry=JWSRegistry(algorithms=[self.algorithm]))

    def _with_shared_secret(self, header, claims):
        """Signed with what everybody has, the public key, as if it were a secret (RFC 8725, 2.1)."""
        signed = b".".join(_encoded(json.dumps(part).encode()) for part in (header, claims))
        code = hmac.digest(self.key.as_pem(private=False), signed, "sha256")
        return (signed + b"." + _encoded(code)).decode()

    def answer(self, path):
        if path.endswith("openid-configuration"):
            endpoints = {
                "issuer": self.issuer,
                "authorization_endpoint": f"{self.issuer}/authorize",
                "token_endpoint": f"{self.issuer}/token",
                "jwks_uri": f"{self.issuer}/jwks",
                "id_token_signing_alg_values_supported": ["RS256", "HS256", "none"],
            }
            return {**endpoints, **self.metadata}
        if path == "/jwks":
            return {"keys": [self.key.as_dict(private=False)]}
        if path == "/userinfo":
            return self.userinfo
        said = {"access_token": "x", "token_type": "Bearer", "id_token": self.id_token(), **self.token}
        return {name: value for name, value in said.items() if value is not None}

    def _handler(outer):  # noqa: N805 — `self` is the handler's
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                self.rfile.read(int(self.headers.get("content-length", 0)))
                outer.asked.append(self.path)
                body = json.dumps(outer.answer(self.path)).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def do_POST(self):
                self.do_GET()

            def log_message(self, *_):
                pass

        return Handler


def _encoded(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=")
