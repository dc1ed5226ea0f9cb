from typing import Annotated

from pydantic import Field

from wsgiapp import App
from wsgiapp.rest import API, MemoryStore, Model, Resource


class Book(Model):
    title: Annotated[str, Field(min_length=1, max_length=80)]
    pages: Annotated[int, Field(ge=0, le=10_000)] = 0


app = App(__name__)
API(app, Resource("books", Book, MemoryStore()), title="Books")
