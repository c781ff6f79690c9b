# FastMCP's from_openapi before the same upstream: python fastmcp-server.py PORT UPSTREAM
import sys

import httpx2
from fastmcp import FastMCP

port, upstream = int(sys.argv[1]), sys.argv[2]
spec = httpx2.get(f"{upstream}/one.json").json()
server = FastMCP.from_openapi(openapi_spec=spec, client=httpx2.AsyncClient(base_url=upstream), name="bench")
server.run(transport="http", host="127.0.0.1", port=port, stateless_http=True, json_response=True, log_level="error")
