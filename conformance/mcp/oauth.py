"""An OAuth issuer, and the official Python client that finds it by the server's metadata; then tokens that must be refused.

oauth.py serve PORT        serves the issuer http://127.0.0.1:PORT/desk until it is ended
oauth.py check PORT URL    a client of the MCP server at URL, whose issuer that is
"""

import asyncio
import base64
import hmac
import json
import sys
import time

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa

SCOPE = "ttai"
mode, port, *target = sys.argv[1:]
ISSUER = f"http://127.0.0.1:{port}/desk"
passed, failed = 0, 0


def check(what, fits, detail=""):
    global passed, failed
    passed, failed = passed + bool(fits), failed + (not fits)
    print(f"{'ok  ' if fits else 'FAIL'}  oauth: {what}" + ("" if fits else f": {detail}"), flush=True)


def by_secret(claims, kid, secret):
    def part(value):
        return base64.urlsafe_b64encode(value).rstrip(b"=")

    unsigned = b".".join(part(json.dumps(one).encode()) for one in ({"alg": "HS256", "kid": kid}, claims))
    return b".".join([unsigned, part(hmac.digest(secret.encode(), unsigned, "sha256"))]).decode()


def serve():
    import uvicorn
    from starlette.applications import Starlette
    from starlette.responses import JSONResponse
    from starlette.routing import Route

    keys = {"rsa": (rsa.generate_private_key(65537, 2048), "RS256"), "ec": (ec.generate_private_key(ec.SECP256R1()), "ES256")}
    stranger = rsa.generate_private_key(65537, 2048)

    def public(name):
        key, algorithm = keys[name]
        jwk = jwt.get_algorithm_by_name(algorithm).to_jwk(key.public_key(), as_dict=True)
        return {**jwk, "kid": name, "alg": algorithm, "use": "sig"}

    async def metadata(_):
        return JSONResponse({
            "issuer": ISSUER, "jwks_uri": f"{ISSUER}/keys", "token_endpoint": f"{ISSUER}/token",
            "authorization_endpoint": f"{ISSUER}/authorize", "response_types_supported": ["code"],
            "grant_types_supported": ["client_credentials"], "code_challenge_methods_supported": ["S256"],
            "token_endpoint_auth_methods_supported": ["client_secret_basic"], "scopes_supported": [SCOPE],
        })

    async def jwks(_):
        return JSONResponse({"keys": [public(name) for name in keys]})

    async def token(request):
        """What the client asks for; a test bends it by its client id, a JSON object of claims and of how it is signed."""
        form = await request.form()
        claims = {"iss": ISSUER, "sub": "ann", "aud": form.get("resource"), "scope": form.get("scope"),
                  "iat": int(time.time()), "exp": int(time.time()) + 300}
        bent = json.loads(form.get("bent") or "{}")
        name = bent.pop("_key", "rsa")
        key, algorithm = (stranger, "RS256") if name == "stranger" else keys[name]
        algorithm = bent.pop("_algorithm", algorithm)
        if algorithm == "none":
            key = None
        claims = {name: value for name, value in {**claims, **bent}.items() if value is not None}
        kid = {"stranger": "rsa"}.get(name, name)
        if algorithm == "HS256":  # with what everybody knows as the secret, which PyJWT would not sign
            signed = by_secret(claims, kid, json.dumps(public("rsa")))
        else:
            signed = jwt.encode(claims, key, algorithm=algorithm, headers={"kid": kid})
        return JSONResponse({"access_token": signed, "token_type": "Bearer", "expires_in": 300})

    routes = [
        Route("/.well-known/oauth-authorization-server/desk", metadata),
        Route("/desk/keys", jwks),
        Route("/desk/token", token, methods=["POST"]),
    ]
    uvicorn.run(Starlette(routes=routes), host="127.0.0.1", port=int(port), log_level="warning")


class Storage:
    tokens = None

    async def get_tokens(self):
        return self.tokens

    async def set_tokens(self, tokens):
        self.tokens = tokens

    async def get_client_info(self):
        return None

    async def set_client_info(self, _):
        pass


async def client(url):
    from mcp import Client
    from mcp.client.auth.extensions.client_credentials import ClientCredentialsOAuthProvider
    from mcp.client.streamable_http import create_mcp_http_client, streamable_http_client

    provider = ClientCredentialsOAuthProvider(
        server_url=url, storage=Storage(), client_id="assistant", client_secret="secret", scope=SCOPE, issuer=ISSUER
    )
    async with Client(streamable_http_client(url, http_client=create_mcp_http_client(auth=provider))) as session:
        tools = (await session.list_tools()).tools
        check("the official client finds the issuer and is let in", any(tool.name == "ttai_analyze" for tool in tools))
        answer = await session.call_tool("ttai_alert_list", {})
        check("it acts as the token's user", not answer.is_error, answer.content)
        refused = await session.call_tool("ttai_portfolio", {})
        check("who is not the owner does not see the accounts", refused.is_error and "ann" in refused.content[0].text, refused.content)


async def refusals(url):
    from mcp.client.streamable_http import create_mcp_http_client

    async with create_mcp_http_client() as http:
        unnamed = await http.post(url, json={})
        challenge = unnamed.headers.get("www-authenticate", "")
        check("a challenge names the metadata", unnamed.status_code == 401 and "resource_metadata=" in challenge, challenge)
        where = challenge.split('resource_metadata="')[-1].split('"')[0]
        metadata = (await http.get(where)).json()
        check("the metadata name the resource and its issuer", metadata["resource"] == url and metadata["authorization_servers"] == [ISSUER], metadata)
        initialize = {
            "jsonrpc": "2.0", "id": 1, "method": "initialize",
            "params": {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "c", "version": "1"}},
        }
        now = int(time.time())
        cases = [
            ("by RSA", {}, 200),
            ("by an elliptic curve", {"_key": "ec"}, 200),
            ("for several audiences", {"aud": ["other", url]}, 200),
            ("that has expired", {"exp": now - 120}, 401),
            ("that never expires", {"exp": None}, 401),
            ("that is not good yet", {"nbf": now + 600}, 401),
            ("whose beginning is no number", {"nbf": "later"}, 401),
            ("for another server", {"aud": "http://other.example/mcp"}, 401),
            ("for no server", {"aud": None}, 401),
            ("of another issuer", {"iss": "http://other.example"}, 401),
            ("of a key that is not the issuer's", {"_key": "stranger"}, 401),
            ("that is not signed", {"_algorithm": "none"}, 401),
            ("signed with the public key as a secret", {"_algorithm": "HS256"}, 401),
            ("of nobody", {"sub": None}, 401),
            ("of a user that cannot be", {"sub": "../x y"}, 401),
            ("of the user default, who is no owner here", {"sub": "default"}, 401),
            ("without the scope", {"scope": "openid"}, 403),
        ]
        for what, bent, status in cases:
            form = {"resource": url, "scope": SCOPE, "bent": json.dumps(bent)}
            token = (await http.post(f"{ISSUER}/token", data=form)).json()["access_token"]
            headers = {"Authorization": f"Bearer {token}", "Accept": "application/json, text/event-stream"}
            answer = await http.post(url, json=initialize, headers=headers)
            fits = answer.status_code == status and token not in answer.text
            check(f"a token {what}: {status}", fits, f"{answer.status_code} {answer.text[:200]}")


if mode == "serve":
    serve()
else:
    asyncio.run(client(target[0]))
    asyncio.run(refusals(target[0]))
    sys.exit(failed > 0)
