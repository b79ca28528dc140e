"""How tests steer the stand-in.

    POST /control/faults        {"faults": [...]}: what goes wrong with the next requests (faults.py)
    POST /control/settings      {"keys": [...], "quota": {...}, ...}: see State.configure
    POST /control/reset         all as at the start
    GET  /control/bill          requests, tokens and texts billed so far (bill.py); ?texts=0 without the texts
    GET  /control/stats         answers by status; what was let in, and in which time; requests in hand
    GET  /control/journal       what became of each request, without its texts (journal.py)
    GET  /control/requests      the last requests: path, headers without the key, body
"""

from wire import json_answer


def control(state, request):
    route = (request.method, request.path)
    if route == ("GET", "/control/bill"):
        return json_answer(200, state.bill.report(request.query.get("texts") != "0"))
    if route == ("GET", "/control/stats"):
        return json_answer(200, {**state.stats.report(), "in_hand": state.in_flight.total()})
    if route == ("GET", "/control/journal"):
        return json_answer(200, state.journal.entries)
    if route == ("GET", "/control/requests"):
        return json_answer(200, list(state.requests))
    if route == ("POST", "/control/reset"):
        state.reset()
        return json_answer(200, {})
    try:
        if route == ("POST", "/control/faults"):
            state.faults.script(request.json()["faults"])
            return json_answer(200, {})
        if route == ("POST", "/control/settings"):
            state.configure(request.json())
            return json_answer(200, {})
    except (ValueError, KeyError, TypeError) as error:
        return json_answer(400, {"error": str(error)})
    return json_answer(404, {"error": "unknown control"})
