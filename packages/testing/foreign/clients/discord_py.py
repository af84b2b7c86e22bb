"""discord.py on the simulated gateway; see harness.mjs for the protocol with the runner."""
import asyncio
import json
import os
import sys
import traceback

import discord
import discord.gateway
import discord.http
import yarl

settings = json.loads(os.environ["FOREIGN_CLIENT"])
discord.http.Route.BASE = settings["http"] + "/api/v10"
discord.gateway.DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(settings["url"])


def report(line):
    print(json.dumps(line), flush=True)


class Client(discord.Client):
    async def setup_hook(self):
        await self.application_info()
        self.requests = asyncio.create_task(self.serve())

    async def on_socket_raw_receive(self, text):
        payload = json.loads(text)
        if payload["op"] == 0:
            d = payload["d"]
            report({"event": payload["t"], "content": d.get("content") if isinstance(d, dict) else None})

    async def on_error(self, name, *args):
        report({"error": name + ": " + traceback.format_exc()})

    async def serve(self):
        reader = asyncio.StreamReader()
        loop = asyncio.get_running_loop()
        await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
        while line := await reader.readline():
            asyncio.create_task(self.handle(json.loads(line)))

    async def handle(self, request):
        try:
            if request["request"] == "members":
                result = len(await self.get_guild(int(request["guild"])).chunk(cache=False))
            else:
                result = await self.change_presence(status=discord.Status.idle)
            report({"id": request["id"], "result": result})
        except Exception:
            report({"id": request["id"], "failure": traceback.format_exc()})


intents = discord.Intents(0)
intents.value = settings["intents"]
client = Client(intents=intents, enable_debug_events=True, chunk_guilds_at_startup=False)
try:
    client.run(settings["token"], log_handler=None)
except Exception:
    report({"error": traceback.format_exc()})
    raise
