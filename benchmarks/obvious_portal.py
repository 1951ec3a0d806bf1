"""The check that one would write first: an endpoint that reads a document with `json` and asks pandas and Pandera.

It finds less than the platform (see `obvious_pipeline.py`), and says no more than whether all records passed.  Served
by `python benchmarks/obvious_portal.py PORT`.
"""

import json
import sys
from typing import Any

import pandas as pd
import uvicorn
from fastapi import FastAPI, Request
from fastapi.concurrency import run_in_threadpool
from obvious_pipeline import MODELS, validated

app = FastAPI()


@app.post("/api/v1/check")
async def check(request: Request) -> dict[str, Any]:
    """How many records of each dataset passed, or that it is no document."""
    return await run_in_threadpool(_checked, await request.body())


def _checked(data: bytes) -> dict[str, Any]:
    try:
        document = json.loads(data)
        frames = {
            name: pd.DataFrame(document[name], columns=list(model.to_schema().columns))
            for name, model in MODELS.items()
        }
    except (ValueError, KeyError) as error:
        return {"verdict": "refused", "why": type(error).__name__}
    return {name: len(validated(MODELS[name], frame)) for name, frame in frames.items()}


if __name__ == "__main__":
    uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[1]), log_level="warning")
