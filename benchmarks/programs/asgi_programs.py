"""The programs of the frameworks that speak ASGI, for whole servers: two workloads each, as their documentation has it.

A function is named after the framework and takes the workload's name. Production settings; views are coroutines,
since none of them waits for anything. These frameworks read the annotations of a view, which therefore are no strings.
"""

from typing import Any


def fastapi(workload: str) -> Any:
    from fastapi import FastAPI
    from fastapi.responses import HTMLResponse

    app = FastAPI()
    if workload == "hello":

        @app.get("/", response_class=HTMLResponse)
        async def index() -> str:
            return "Hello, World!"

    else:

        @app.get("/user/{id}")
        async def user(id: int) -> dict[str, Any]:
            return {"id": id, "name": f"user {id}"}

    return app


def starlette(workload: str) -> Any:
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import HTMLResponse, JSONResponse
    from starlette.routing import Route

    async def index(request: Request) -> HTMLResponse:
        return HTMLResponse("Hello, World!")

    async def user(request: Request) -> JSONResponse:
        id = request.path_params["id"]
        return JSONResponse({"id": id, "name": f"user {id}"})

    return Starlette(routes=[Route("/", index) if workload == "hello" else Route("/user/{id:int}", user)])


def litestar(workload: str) -> Any:
    from litestar import Litestar, MediaType, get

    @get("/", media_type=MediaType.HTML)
    async def index() -> str:
        return "Hello, World!"

    @get("/user/{id:int}")
    async def user(id: int) -> dict[str, Any]:
        return {"id": id, "name": f"user {id}"}

    return Litestar([index if workload == "hello" else user], openapi_config=None, logging_config=None)


def blacksheep(workload: str) -> Any:
    from blacksheep import Application, Response, get, html, json

    app = Application()
    if workload == "hello":

        @get("/")
        async def index() -> Response:
            return html("Hello, World!")

    else:

        @get("/user/{id}")
        async def user(id: int) -> Response:
            return json({"id": id, "name": f"user {id}"})

    return app
