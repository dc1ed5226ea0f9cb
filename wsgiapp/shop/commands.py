"""The commands ``wsgiapp shop user add``, ``list`` and ``role``: an entry point of the group ``wsgiapp.commands``.

They work on the app of ``--app`` where one is named, on `wsgiapp.shop:app` otherwise, and end with 1 when something
cannot be done.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import click
from pydantic import ValidationError
from sqlalchemy import exc, select, update

from wsgiapp import App
from wsgiapp.cli import ScriptInfo
from wsgiapp.shop import app as default_app
from wsgiapp.shop import people, store
from wsgiapp.shop.forms import RegistrationIn, sentence
from wsgiapp.shop.models import ROLES, VISITOR, User
from wsgiapp.shop.schema import SchemaError

ROLE = click.Choice(ROLES)


def find_app(ctx: click.Context) -> App:
    """Return the shop that the command works on.

    :raises click.UsageError: when the app that was named is no shop.
    """
    info = ctx.find_object(ScriptInfo)
    if info is None or not (info.app_import_path or info.create_app):
        return default_app
    app: App = info.load_app()
    if store.EXTENSION not in app.extensions:
        raise click.UsageError(f"The app '{info.app_import_path}' is no shop: leave --app out, or name a shop.")
    return app


@contextmanager
def opened_shop(ctx: click.Context) -> Iterator[Any]:
    """Run the block with the shop current; what its database says against it ends the command."""
    app = find_app(ctx)
    with app.app_context():
        try:
            yield app
        except SchemaError as error:
            raise click.ClickException(str(error)) from error
        except (exc.OperationalError, exc.TimeoutError) as error:
            raise click.ClickException(
                f"The database did not answer: {getattr(error, 'orig', None) or error}"
            ) from error


@click.group("shop", short_help="Manage the shop.")
def shop_group() -> None:
    """Manage the shop that comes with wsgiapp, or the one of --app."""


@shop_group.group("user", short_help="Add and list users, change their roles.")
def user_group() -> None:
    """Add and list users, and change their roles."""


@user_group.command("add")
@click.argument("name")
@click.option("--role", type=ROLE, default=VISITOR, show_default=True, help="What the user may do.")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input instead of asking for it.")
@click.pass_context
def add_command(ctx: click.Context, name: str, role: str, password_stdin: bool) -> None:
    """Add a user called NAME."""
    if password_stdin:
        password = sys.stdin.readline().rstrip("\r\n")
    else:
        password = click.prompt("Password", hide_input=True, confirmation_prompt=True)
    try:
        data = RegistrationIn(name=name, password=password)
    except ValidationError as error:
        wrong = "; ".join(f"{detail['loc'][0]}: {sentence(detail)}" for detail in error.errors())
        raise click.ClickException(wrong) from None
    with opened_shop(ctx):
        try:
            people.add_user(data.name, data.password, role)
        except people.NameTaken as taken:
            raise click.ClickException(str(taken)) from None
    click.echo(f"{data.name} may sign in, as {role}.")


@user_group.command("list")
@click.pass_context
def list_command(ctx: click.Context) -> None:
    """List the users with their roles, in the order in which they were added."""
    with opened_shop(ctx):
        users = store.reading().scalars(select(User).order_by(User.id)).all()
    width = max([4, *(len(user.name) for user in users)])
    click.echo(f"{'name':{width}}  role")
    for user in users:
        click.echo(f"{user.name:{width}}  {user.role}{'  (demonstration)' if user.is_demo else ''}")


@user_group.command("role")
@click.argument("name")
@click.argument("role", type=ROLE)
@click.pass_context
def role_command(ctx: click.Context, name: str, role: str) -> None:
    """Give the user called NAME another ROLE."""
    with opened_shop(ctx), store.writing() as db:
        found = db.scalars(update(User).where(User.name == name).values(role=role).returning(User.id)).all()
    if not found:
        raise click.ClickException(f"There is no user “{name}”. 'wsgiapp shop user list' shows them all.")
    click.echo(f"{name} is {role} now.")
