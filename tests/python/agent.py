"""An agent that nobody of this project wrote: Python's `mcp` client, driven line by line.

Reads one JSON command a line from standard input and answers one JSON line for each, in the order they end:

    {"id": 1, "do": "call", "tool": "browser_click", "arguments": {"target": "e3"}}
    {"id": 1, "text": "...", "is_error": false, "images": [{"mime": "image/png", "data": "<base64>"}]}

A progress message of a running call comes as {"id": 1, "progress": "..."}; what was refused before a tool answered as
{"id": 1, "refused": "..."}. With --elicit it says that it can ask its user, and how that user answers: approve, deny, decline, cancel, garbage,
error, or silent for ever; each question is said as {"asked": "..."}, one that is taken back as {"taken_back": true}. The first line says which protocol version was agreed on. The key comes in AGENT_KEY, so that it
stands in no process list.
"""

import argparse
import asyncio
import json
import os
import sys

import httpx2
from mcp.client.client import Client
from mcp.types import ElicitResult, ErrorData
from mcp.client.stdio import StdioServerParameters
from mcp.client.streamable_http import streamable_http_client

# Longer than any call of a test may take; the service's own cap on a silent call is 40 s.
READ_TIMEOUT_S = 90.0


def say(line):
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


async def call(client, number, command):
    async def progress(_done, _total, message):
        say({"id": number, "progress": message or ""})

    result = await client.call_tool(
        command["tool"],
        command.get("arguments") or {},
        read_timeout_seconds=READ_TIMEOUT_S,
        progress_callback=progress,
    )
    texts, images = [], []
    for part in result.content:
        if part.type == "text":
            texts.append(part.text)
        elif part.type == "image":
            images.append({"mime": part.mime_type, "data": part.data})
    say({"id": number, "text": "\n".join(texts), "is_error": bool(result.is_error), "images": images})


async def listing(client, number, _command):
    result = await client.list_tools()
    tools = [tool.model_dump(mode="json", by_alias=True, exclude_none=True) for tool in result.tools]
    say({"id": number, "tools": tools})


def user(answers):
    said = {
        "approve": ElicitResult(action="accept", content={"decision": "approve"}),
        "deny": ElicitResult(action="accept", content={"decision": "deny", "reason": "not today"}),
        "decline": ElicitResult(action="decline"),
        "cancel": ElicitResult(action="cancel"),
        "garbage": ElicitResult(action="accept", content={"decision": "perhaps", "reason": "x" * 100_000}),
        "error": ErrorData(code=-32603, message="no window to ask in"),
    }

    async def asked(_context, params):
        say({"asked": params.message})
        if answers != "silent":
            return said[answers]
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            say({"taken_back": True})
            raise

    return asked


DOINGS = {"call": call, "list": listing}


async def do(client, command):
    number = command["id"]
    try:
        await DOINGS[command["do"]](client, number, command)
    except Exception as error:  # whatever it is, the test has to see it
        say({"id": number, "refused": f"{type(error).__name__}: {error}"})


async def lines():
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader(limit=1 << 24)
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while line := await reader.readline():
        yield json.loads(line)


async def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--url")
    parser.add_argument("--mode", default="auto")
    parser.add_argument("--elicit")
    parser.add_argument("--stdio", nargs=argparse.REMAINDER)
    given = parser.parse_args()
    if given.stdio:
        command, *arguments = given.stdio
        server = StdioServerParameters(command=command, args=arguments, env=dict(os.environ))
    else:
        headers = {"Authorization": f"Bearer {os.environ['AGENT_KEY']}"}
        http = httpx2.AsyncClient(headers=headers, timeout=READ_TIMEOUT_S)
        server = streamable_http_client(given.url, http_client=http)
    callback = user(given.elicit) if given.elicit else None
    async with Client(server, mode=given.mode, elicitation_callback=callback) as client:
        say({"ready": True, "protocol": client.protocol_version})
        async with asyncio.TaskGroup() as running:
            async for command in lines():
                running.create_task(do(client, command))


asyncio.run(main())
