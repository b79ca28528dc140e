"""What happens to a request: faults, the protocol's own checks, the quota, the bill, the answer."""

import asyncio
import traceback

from azure_api import Azure
from cohere_api import Cohere
from control import control
from faults import HARMLESS
from gemini_api import Gemini
from ollama_api import Ollama
from openai_api import Compatible, Openai
from state import State
from tei_api import Tei
from vectors import vectors_of
from voyage_api import Voyage
from wire import Hangup, json_answer


class App:
    def __init__(self):
        self.state = State()
        self.protocols = [Openai(), Compatible(), Azure(), Voyage(), Gemini(), Cohere(), Ollama(),
                          Tei()]

    async def handle(self, request, connection):
        try:
            return await self.answer(request, connection)
        except (Hangup, OSError):
            raise
        except Exception:  # a request that no check here foresaw: seen by the client and on stderr
            traceback.print_exc()
            return json_answer(500, {"error": {"message": "the stand-in did not expect this request"}})

    async def answer(self, request, connection):
        if request.path.startswith("/control/"):
            return control(self.state, request)
        for protocol in self.protocols:
            if f"{request.path}/".startswith(f"/{protocol.name}/"):
                return await self.serve(protocol, request, connection)
        return json_answer(404, {"error": f"no protocol at {request.path}"})

    async def serve(self, protocol, request, connection):
        state = self.state
        state.remember(request)
        other = protocol.other(state, request)
        if other:
            return other
        fault = state.faults.next(protocol.name, request.body)
        job = protocol.read(state, request)
        entry = state.journal.begin(protocol.name, fault, job)
        answer = await fault.early(protocol, connection) if fault else None
        if answer is None:
            answer = await self.embed(protocol, job, fault, entry)
            if answer.status != 200:  # refused, so there is nothing to spoil
                fault, entry["fault"] = None, ""
        if fault:
            fault.disguise(answer)
        state.stats.answered(protocol.name, answer.status)
        entry["status"] = answer.status
        if fault:
            await fault.late(connection, answer)
        return answer

    async def embed(self, protocol, job, fault, entry):
        """One request that is to be understood."""
        state = self.state
        if not hasattr(job, "texts"):
            return job  # refused
        full = protocol.admit(state)
        if full:
            return full
        quota = state.quota_of(protocol.name, job.key, job.model)
        lacking = quota.take(protocol.units(job)) if quota else None
        if lacking:
            return protocol.throttled(job, quota, *lacking)
        state.stats.admitted(protocol.name, job)
        state.in_flight[protocol.name] += 1
        try:
            if delay := state.delay(job.tokens):
                await asyncio.sleep(delay)
        finally:
            state.in_flight[protocol.name] -= 1
        items = list(enumerate(vectors_of(job.texts, job.dimensions)))
        if fault is None or fault.billed:
            state.bill.add(protocol.name, job.model, job.texts, job.token_counts,
                           usable=fault is None or fault.kind in HARMLESS)
            entry["billed"] = True
        if fault:
            fault.spoil(items)
        return protocol.answer(job, items, quota)
